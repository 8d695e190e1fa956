"""A partition of the whole graph's nodes, and the edges that run between its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from condense.data.relations import reverses
from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import Pairs
from models.propagation.sparse import edge_weights


@runtime_checkable
class EdgesBetweenClusters(Protocol):
    """What is asked of a partition and of the whole graph's edges, in memory or on disk; see `Partition`."""

    @property
    def cluster(self) -> Mapping[str, Tensor]:
        """Node type -> the condensed node of each original one, −1 for none."""
        ...

    @property
    def size(self) -> Mapping[str, Tensor]:
        """Node type -> how many original nodes each condensed node stands for."""
        ...

    @property
    def relations(self) -> tuple[EdgeType, ...]:
        """Of the whole graph, in its order."""
        ...

    def reverses(self) -> Mapping[EdgeType, EdgeType]:
        """Which relation each is the transpose of."""
        ...

    def edge_counts(self, relation: EdgeType) -> PairMatrix:
        """How many original edges run between each two condensed nodes."""
        ...

    def mean_degree(self, relation: EdgeType) -> Tensor:
        """How many edges a member of each destination cluster receives on average."""
        ...


@dataclass(frozen=True)
class Partition:
    """Which condensed node stands for each node of the whole graph.

    Attributes:
        graph: the whole graph.
        cluster: node type -> the condensed node of each original one, −1 for none.
        size: node type -> how many original nodes each condensed node stands for.
    """

    graph: MultimodalGraph
    cluster: Mapping[str, Int[Tensor, " n_whole"]]
    size: Mapping[str, Tensor]

    @property
    def relations(self) -> tuple[EdgeType, ...]:
        """Of the whole graph, in its order."""
        return tuple(self.graph.edge_types)

    def reverses(self) -> Mapping[EdgeType, EdgeType]:
        """Which relation each is the transpose of, see `condense.data.relations.reverses`."""
        return reverses(self.graph)

    def edge_counts(self, relation: EdgeType) -> PairMatrix:
        """PᵀAP [n'_dst, n'_src]: how many original edges, by multiplicity, run between each two condensed
        nodes, at the pairs that some edge joins.

        Edges of nodes in no cluster are left out.
        """
        source, _, destination = relation
        src, dst = self.graph[relation].edge_index
        rows, columns = self.cluster[destination][dst], self.cluster[source][src]
        inside = (rows >= 0) & (columns >= 0)
        height, width = len(self.size[destination]), len(self.size[source])
        place, at = (rows * width + columns)[inside].unique(return_inverse=True)
        weight = edge_weights(self.graph, relation)[inside]
        counts = torch.zeros(len(place), device=src.device).index_add_(0, at, weight)
        joined = counts > 0
        pairs = Pairs(place[joined], (height, width))
        return PairMatrix(counts[joined], pairs, torch.arange(len(pairs), device=src.device))

    def mean_degree(self, relation: EdgeType) -> Float[Tensor, " n_dst"]:
        """How many edges, by multiplicity, a member of each destination cluster receives on average, from
        the whole graph; 0 for a cluster without members.
        """
        weight = edge_weights(self.graph, relation)
        into = self.cluster[relation[2]][self.graph[relation].edge_index[1]]
        size, inside = self.size[relation[2]], into >= 0
        total = torch.zeros(len(size), dtype=weight.dtype, device=weight.device)
        return total.index_add_(0, into[inside], weight[inside]) / size.clamp_min(1)
