"""GCN (Kipf & Welling, ICLR 2017), on the union of the meta-paths that lead back to the target type."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from models.fusion import EarlyFusion, TypeInputs, type_inputs
from models.metapaths import returning_paths
from models.schema import GraphSchema
from models.sparse import SparseMap, adjacency, mean_adjacency


@dataclass(frozen=True)
class GCNSettings:
    """Settings of `GCN`.

    Attributes:
        hidden: width of the hidden layers.
        layers: rounds of propagation.
        dropout: share of hidden units dropped while training.
        input_dropout: share of feature columns dropped in each training step.
        hops: the longest meta-path in the union.
    """

    hidden: int = 64
    layers: int = 2
    dropout: float = 0.5
    input_dropout: float = 0.8
    hops: int = 4


# The paper's decay is meant for rows that sum to one; on standardised features it takes more of it.
TRAINING = {"weight_decay": 0.05}
SPACE = {"hidden": (64, 256), "dropout": (0.3, 0.5, 0.7), "input_dropout": (0.5, 0.8, 0.9)}


class UnionOperator:
    """x ↦ D^{-1/2} (I + Σ_p A_p) D^{-1/2} x, without forming any product of adjacencies.

    A_p = A_{r₁} Â_{r₂} ⋯ Â_{r_k} for each meta-path p that leads back to the target type: a node is
    joined to whom its neighbours are joined to, each neighbour sharing out its edge evenly, so a hub
    that joins a thousand nodes counts as one neighbour, not as a thousand. Newman weights
    co-authorship so (Phys. Rev. E 64, 016132, 2001), but leaves out the way back to the node itself;
    here it adds to the self-loop. In a graph of one node type Σ_p A_p is the plain sum of its
    relations, and one relation gives the operator of the paper. D holds the row sums.

    Args:
        graph: its edges, weights as multiplicities.
        schema: of this graph.
        hops: the longest meta-path.
        device: where the graph is.
    """

    def __init__(
        self, graph: HeteroData, schema: GraphSchema, hops: int, device: torch.device
    ) -> None:
        self.paths = returning_paths(schema.relations, schema.target, hops)
        first = {p[0] for p in self.paths}
        later = {r for p in self.paths for r in p[1:]}
        self.counts = {r: SparseMap(adjacency(graph, r)) for r in first}
        self.means = {r: SparseMap(mean_adjacency(graph, r)) for r in later}
        ones = torch.ones(int(graph[schema.target].num_nodes), 1, device=device)
        self.scale = self._sum(ones).rsqrt()  # [n, 1]

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """S x."""
        return self.scale * self._sum(self.scale * x)

    def _sum(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        total = x
        for path in self.paths:
            moved = x
            for relation in reversed(path[1:]):
                moved = self.means[relation] @ moved
            total = total + self.counts[path[0]] @ moved
        return total


Inputs = tuple[TypeInputs, int, UnionOperator, Tensor]


class GCN(nn.Module):
    """logits = S relu(⋯ S (fusion(x)) ⋯ W_k) W + b with S from `UnionOperator`; target features only.

    Early fusion, missing modalities as in `EarlyFusion`. No normalisation layer, hence no shifting
    statistics. A self-loop has weight one, so the total weight of a node's edges matters: clusters carry
    their members' mean degree whatever the edge budget, selected nodes have fewer edges.
    """

    by_rows = False

    def __init__(self, schema: GraphSchema, settings: GCNSettings) -> None:
        super().__init__()
        self.schema, self.settings = schema, settings
        modalities = {schema.target: dict(schema.modalities[schema.target])}
        self.fusion = EarlyFusion(modalities, settings.hidden, settings.input_dropout)
        self.hidden = nn.ModuleList(
            nn.Linear(settings.hidden, settings.hidden) for _ in range(settings.layers - 2)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(settings.hidden, schema.num_classes)

    def prepare(self, graph: HeteroData, rows: Tensor) -> Inputs:
        """All target nodes and the operator, since every layer spreads further, and the rows."""
        target = self.schema.target
        operator = UnionOperator(graph, self.schema, self.settings.hops, rows.device)
        inputs = type_inputs(graph, self.schema)
        return {target: inputs[target]}, int(graph[target].num_nodes), operator, rows

    def forward(self, inputs: Inputs) -> Float[Tensor, "rows C"]:
        """Logits of the prepared rows."""
        features, count, operator, rows = inputs
        target = self.schema.target
        h = operator @ self.fusion(features, {target: count})[target]
        for layer in range(1, self.settings.layers):
            h = self.dropout(torch.relu(h))
            # The last layer's weight is the head's.
            h = operator @ (self.hidden[layer - 1](h) if layer < self.settings.layers - 1 else h)
        return self.head(h[rows])
