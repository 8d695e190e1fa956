"""The union of the meta-paths that lead back to the target type, as operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.propagation.metapaths import MetaPath, returning_paths
from models.propagation.sparse import SparseMap, adjacency, mean_adjacency
from models.schema import GraphSchema


@dataclass(frozen=True)
class UnionAdjacency:
    """x ↦ A x with A = Σ_p A_p, without forming any product of adjacencies.

    A_p = A_{r₁} Â_{r₂} ⋯ Â_{r_k} for each meta-path p that leads back to the target type: a node is
    joined to whom its neighbours are joined to, each neighbour sharing out its edge evenly, so a hub
    that joins a thousand nodes counts as one neighbour, not as a thousand. Newman weights
    co-authorship so (Phys. Rev. E 64, 016132, 2001), but leaves out the way back to the node itself;
    here it stays. In a graph of one node type A is the plain sum of its relations.

    Attributes:
        paths: the meta-paths p.
        counts: relation -> A_r, anything that multiplies, of those that come first on a path.
        means: relation -> Â_r of those that come later.
    """

    paths: Sequence[MetaPath]
    counts: Mapping[EdgeType, Any]
    means: Mapping[EdgeType, Any]

    @classmethod
    def of(cls, graph: HeteroData, schema: GraphSchema, hops: int) -> UnionAdjacency:
        """That of a graph in memory.

        Args:
            graph: its edges, weights as multiplicities.
            schema: schema of this graph.
            hops: the longest meta-path.
        """
        paths = returning_paths(schema.relations, schema.target, hops)
        first = {p[0] for p in paths}
        later = {r for p in paths for r in p[1:]}
        return cls(
            paths,
            {r: SparseMap(adjacency(graph, r)) for r in first},
            {r: SparseMap(mean_adjacency(graph, r)) for r in later},
        )

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """A x; zero where no meta-path leads back."""
        return self.added(torch.zeros_like(x), x)

    def added(self, total: Float[Tensor, "n d"], x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """`total` + A x."""
        for path in self.paths:
            moved = x
            for relation in reversed(path[1:]):
                moved = self.means[relation] @ moved
            total = total + self.counts[path[0]] @ moved
        return total


class PathMeans:
    """x ↦ w₀ x + Σ_p w_p D_p⁻¹ A_p x with A_p from `UnionAdjacency`, a mean for each meta-path.

    Unlike in the union, a meta-path with many ways back, such as one through hubs, outweighs no other.

    Args:
        graph: its edges, weights as multiplicities.
        schema: schema of this graph.
        hops: the longest meta-path.
    """

    def __init__(self, graph: HeteroData, schema: GraphSchema, hops: int) -> None:
        self.paths = returning_paths(schema.relations, schema.target, hops)
        self.means = {
            r: SparseMap(mean_adjacency(graph, r)) for r in {r for path in self.paths for r in path}
        }

    def apply(
        self, x: Float[Tensor, "n d"], weight: Float[Tensor, " paths_and_1"]
    ) -> Float[Tensor, "n d"]:
        """The sum with weights w₀, w₁, …; a node that a path does not lead anywhere gets nothing from it."""
        total = weight[0] * x
        for number, path in enumerate(self.paths, 1):
            moved = x
            for relation in reversed(path):
                moved = self.means[relation] @ moved
            total = total + weight[number] * moved
        return total


class UnionOperator:
    """x ↦ D^{-1/2} (l I + A) D^{-1/2} x with A from `UnionAdjacency`; D holds the row sums.

    With self-loops of weight l = 1 and one relation this is GCN's operator. With l = 0 the row of a node
    without neighbours is zero.

    Args:
        graph: its edges, weights as multiplicities.
        schema: schema of this graph.
        hops: the longest meta-path.
        device: where the graph is.
        loop: l, the weight of the self-loops.
    """

    def __init__(
        self,
        graph: HeteroData,
        schema: GraphSchema,
        hops: int,
        device: torch.device,
        loop: float = 1.0,
    ) -> None:
        count = int(graph[schema.target].num_nodes)
        self._begin(UnionAdjacency.of(graph, schema, hops), count, device, loop)

    @classmethod
    def over(cls, adjacency: UnionAdjacency, count: int, loop: float = 1.0) -> UnionOperator:
        """The operator over an adjacency of `count` nodes that is at hand, in memory or not."""
        operator = cls.__new__(cls)
        operator._begin(adjacency, count, torch.device("cpu"), loop)
        return operator

    def _begin(
        self, adjacency: UnionAdjacency, count: int, device: torch.device, loop: float
    ) -> None:
        self.adjacency, self.loop = adjacency, loop
        degree = self._sum(torch.ones(count, 1, device=device))
        self.scale = torch.where(degree > 0, degree, torch.inf).rsqrt()  # [n, 1]

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """S x."""
        return self.scale * self._sum(self.scale * x)

    def _sum(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        return self.adjacency.added(self.loop * x, x)


class UnionMean:
    """x ↦ D⁻¹ A x with A from `UnionAdjacency`: the mean over neighbours, zero where there are none.

    Args:
        graph: its edges, weights as multiplicities.
        schema: schema of this graph.
        hops: the longest meta-path.
        device: where the graph is.
    """

    def __init__(
        self, graph: HeteroData, schema: GraphSchema, hops: int, device: torch.device
    ) -> None:
        self.adjacency = UnionAdjacency.of(graph, schema, hops)
        degree = self.adjacency @ torch.ones(int(graph[schema.target].num_nodes), 1, device=device)
        self.scale = torch.where(degree > 0, degree, torch.inf).reciprocal()  # [n, 1]

    def __matmul__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """D⁻¹ A x."""
        return self.scale * (self.adjacency @ x)
