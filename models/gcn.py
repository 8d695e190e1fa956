"""GCN (Kipf & Welling, ICLR 2017), on the union of the meta-paths that lead back to the target type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.layers.between_layers import Activation, BetweenLayers, Norm
from models.layers.dropout import Dropout
from models.layers.fusion import Drop, EarlyFusion, TypeInputs, type_inputs
from models.propagation.metapaths import returning_paths
from models.propagation.union import PathMeans, UnionOperator
from models.schema import GraphSchema


@dataclass(frozen=True)
class GCNSettings:
    """Settings of `GCN`.

    Attributes:
        hidden: width of the hidden layers.
        layers: rounds of propagation.
        dropout: share of hidden units dropped while training.
        input_dropout: share of features dropped in each training step.
        dropped: whole feature columns, or single entries.
        hops: the longest meta-path in the union.
        activation: σ, after each layer but the last.
        norm: before it; see `Norm`.
        residual: whether each layer after the first adds to its input in place of replacing it.
        paths: propagate over the "union" of the meta-paths, whose weights are the numbers of edges, or weigh
            the means over them by "learned" shares, for graphs with hubs.
    """

    hidden: int = 64
    layers: int = 2
    dropout: float = 0.5
    input_dropout: float = 0.8
    dropped: Drop = "columns"
    hops: int = 4
    activation: Activation = "relu"
    norm: Norm = "none"
    residual: bool = False
    paths: Literal["union", "learned"] = "union"


# The paper's decay is meant for rows that sum to one; on standardised features it takes more of it.
TRAINING = {"weight_decay": 0.05}
SPACE = {"hidden": (64, 256), "dropout": (0.3, 0.5, 0.7), "input_dropout": (0.5, 0.8, 0.9)}


SPEED = 10.0
"""By how much shares move faster than other parameters: they have to cross several units."""

Inputs = tuple[TypeInputs, int, UnionOperator | PathMeans, Tensor]


class GCN(nn.Module):
    """logits = S σ(⋯ S (fusion(x)) ⋯ W_k) W + b with S from `UnionOperator`; target features only.

    With `paths` "learned", S of layer k is that of `PathMeans` with the softmax of learned numbers, equal at
    first, as its weights.

    Early fusion, missing modalities as in `EarlyFusion`. No normalisation over nodes, hence no shifting
    statistics. A self-loop has weight one, so the total weight of a node's edges matters: clusters carry
    their members' mean degree whatever the edge budget, selected nodes have fewer edges.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: GCNSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        modalities = {schema.target: dict(schema.modalities[schema.target])}
        self.fusion = EarlyFusion(
            modalities, settings.hidden, settings.input_dropout, settings.dropped
        )
        self.hidden = nn.ModuleList(
            nn.Linear(settings.hidden, settings.hidden) for _ in range(settings.layers - 2)
        )
        self.between = nn.ModuleList(
            BetweenLayers(settings.hidden, settings.activation, settings.norm)
            for _ in range(settings.layers - 1)
        )
        self.dropout = Dropout(settings.dropout)
        paths = returning_paths(schema.relations, schema.target, settings.hops)
        self.shares = None
        if settings.paths == "learned":
            self.shares = nn.Parameter(torch.zeros(settings.layers, 1 + len(paths)))
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All target nodes and the operator, since every layer spreads further, and the rows."""
        target = self.schema.target
        if self.shares is None:
            operator = UnionOperator(graph, self.schema, self.settings.hops, rows.device)
        else:
            operator = PathMeans(graph, self.schema, self.settings.hops)
        inputs = type_inputs(graph, self.schema)
        return {target: inputs[target]}, int(graph[target].num_nodes), operator, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, count, operator, rows = inputs
        target = self.schema.target
        h = self._moved(operator, self.fusion(features, {target: count})[target], 0)
        for layer in range(1, self.settings.layers):
            h = self.dropout(self.between[layer - 1](h))
            # The last layer's weight is the head's.
            mapped = self.hidden[layer - 1](h) if layer < self.settings.layers - 1 else h
            moved = self._moved(operator, mapped, layer)
            h = h + moved if self.settings.residual else moved
        return self.head(h[rows])

    def _moved(
        self, operator: UnionOperator | PathMeans, x: Float[Tensor, "n d"], layer: int
    ) -> Float[Tensor, "n d"]:
        """S x of a layer."""
        if isinstance(operator, UnionOperator):
            return operator @ x
        assert self.shares is not None
        return operator.apply(x, (SPEED * self.shares[layer]).softmax(dim=0))
