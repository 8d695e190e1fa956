"""MLP: classifies a node by its own modalities and ignores the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.between_layers import Activation, BetweenLayers, Norm
from models.layers.dropout import Dropout
from models.layers.fusion import EarlyFusion, TypeInputs, type_inputs
from models.propagation.metapaths import PathFeatures
from models.schema import GraphSchema


@dataclass(frozen=True)
class MLPSettings:
    """Settings of `MLP`.

    Attributes:
        hidden: width of the hidden layers.
        dropout: share of hidden units dropped while training.
        input_dropout: share of feature columns dropped in each training step.
        layers: hidden ones.
        activation: σ, after each hidden layer.
        norm: before it; see `Norm`.
        residual: whether hidden layers after the first add to their input in place of replacing it.
    """

    hidden: int = 128
    dropout: float = 0.5
    input_dropout: float = 0.5
    layers: int = 1
    activation: Activation = "relu"
    norm: Norm = "none"
    residual: bool = False


SPACE = {"hidden": (64, 128), "dropout": (0.3, 0.5, 0.7), "input_dropout": (0.5, 0.8, 0.9)}


class MLP(nn.Module):
    """logits = σ(fusion(x)) W + b, or with more hidden layers h ← σ(h W_k + b_k) before the last.

    Early fusion, missing modalities as in `EarlyFusion`.

    No batch norm: its statistics would shift between condensed and whole graphs.
    """

    by_rows = True
    path_hops = 0

    def __init__(self, schema: GraphSchema, settings: MLPSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        target = schema.target
        modalities = {target: dict(schema.modalities[target])}
        self.fusion = EarlyFusion(modalities, settings.hidden, settings.input_dropout)
        self.between = nn.ModuleList(
            BetweenLayers(settings.hidden, settings.activation, settings.norm)
            for _ in range(settings.layers)
        )
        self.hidden = nn.ModuleList(
            nn.Linear(settings.hidden, settings.hidden) for _ in range(settings.layers - 1)
        )
        self.dropout = Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> tuple[TypeInputs, Tensor]:
        """Each modality of the given rows; and the rows."""
        target = self.schema.target
        return {target: type_inputs(graph, self.schema, rows)[target]}, rows

    def from_paths(
        self, features: PathFeatures, has: Mapping[str, Tensor]
    ) -> tuple[TypeInputs, Tensor]:
        """See `PathClassifier`; only the empty path is read."""
        target = self.schema.target
        own = {m: (features[(), m], has[m]) for m in self.schema.modalities[target]}
        return {target: own}, torch.arange(len(next(iter(has.values()))))

    def forward(self, inputs: tuple[TypeInputs, Tensor]) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, rows = inputs
        target = self.schema.target
        h = self.dropout(self.between[0](self.fusion(features, {target: len(rows)})[target]))
        for linear, between in zip(self.hidden, self.between[1:], strict=True):
            moved = self.dropout(between(linear(h)))
            h = h + moved if self.settings.residual else moved
        return self.head(h)
