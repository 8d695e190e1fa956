"""The union of the meta-paths that lead back to the target type, as one operator."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData

from models.metapaths import returning_paths
from models.schema import GraphSchema
from models.sparse import SparseMap, adjacency, mean_adjacency


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
