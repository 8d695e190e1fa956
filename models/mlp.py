"""MLP: classifies a node by its own modalities and ignores the graph."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.fusion import EarlyFusion, TypeInputs, type_inputs
from models.schema import GraphSchema


@dataclass(frozen=True)
class MLPSettings:
    """Settings of `MLP`.

    Attributes:
        hidden: width of the hidden layer.
        dropout: share of hidden units dropped while training.
        input_dropout: share of feature columns dropped in each training step.
    """

    hidden: int = 128
    dropout: float = 0.5
    input_dropout: float = 0.5


SPACE = {"hidden": (64, 128), "dropout": (0.3, 0.5, 0.7), "input_dropout": (0.5, 0.8, 0.9)}


class MLP(nn.Module):
    """logits = relu(fusion(x)) W + b; early fusion, missing modalities as in `EarlyFusion`.

    No batch norm: its statistics would shift between condensed and whole graphs.
    """

    by_rows = True

    def __init__(self, schema: GraphSchema, settings: MLPSettings) -> None:
        super().__init__()
        self.schema = schema
        target = schema.target
        modalities = {target: dict(schema.modalities[target])}
        self.fusion = EarlyFusion(modalities, settings.hidden, settings.input_dropout)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Dropout(settings.dropout), nn.Linear(settings.hidden, schema.num_classes)
        )

    def prepare(self, graph: HeteroData, rows: Tensor) -> tuple[TypeInputs, dict[str, int]]:
        """The target rows of each modality."""
        target = self.schema.target
        inputs = type_inputs(graph, self.schema, rows)
        return {target: inputs[target]}, {target: len(rows)}

    def forward(self, inputs: tuple[TypeInputs, dict[str, int]]) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        return self.head(self.fusion(*inputs)[self.schema.target])
