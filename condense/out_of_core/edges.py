"""Edges between clusters of a graph on disk, and the means of clusters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import Pairs
from condense.out_of_core.adjacency import Rows
from condense.out_of_core.graph import GraphOnDisk
from models.schema import FEATURE_PREFIX, MASK_PREFIX


@dataclass(frozen=True)
class PartitionOnDisk:
    """Which condensed node stands for each node of a graph on disk, see `condense.edges.partition.Partition`.

    Attributes:
        graph: the whole graph.
        cluster: node type -> the condensed node of each original one, −1 for none.
        size: node type -> how many original nodes each condensed node stands for.
    """

    graph: GraphOnDisk
    cluster: Mapping[str, Int[Tensor, " n_whole"]]
    size: Mapping[str, Tensor]

    @classmethod
    def of(
        cls, graph: GraphOnDisk, cluster: Mapping[str, Int[Tensor, " n"]], counts: Mapping[str, int]
    ) -> PartitionOnDisk:
        """Count the members."""
        size = {t: torch.bincount(c[c >= 0], minlength=counts[t]) for t, c in cluster.items()}
        return cls(graph, cluster, size)

    @property
    def relations(self) -> tuple[EdgeType, ...]:
        """Of the whole graph, in its order."""
        return self.graph.schema.relations

    def reverses(self) -> Mapping[EdgeType, EdgeType]:
        """Which relation each is the transpose of."""
        return self.graph.reverses()

    def edge_counts(self, relation: EdgeType) -> PairMatrix:
        """How many original edges, by multiplicity, run between each two condensed nodes."""
        into, out_of = self.cluster[relation[2]].numpy(), self.cluster[relation[0]].numpy()
        height, width = len(self.size[relation[2]]), len(self.size[relation[0]])
        found = (_joined(rows, into, out_of, width) for rows in self.graph.relations[relation])
        if 16 * height * width < self.graph.room.free:
            place, count = _counted_in_place(found, height * width)
        else:
            place, count = _merged(found)
        pairs = Pairs(torch.from_numpy(place), (height, width))
        return PairMatrix(torch.from_numpy(count).float(), pairs, torch.arange(len(pairs)))

    def mean_degree(self, relation: EdgeType) -> Float[Tensor, " n_dst"]:
        """How many edges, by multiplicity, a member of each destination cluster receives on average."""
        into, size = self.cluster[relation[2]], self.size[relation[2]]
        inside = into >= 0
        total = torch.zeros(len(size), dtype=torch.float64)
        degree = self.graph.relations[relation].degrees().double()
        total.index_add_(0, into[inside], degree[inside])
        return (total / size.clamp_min(1)).float()


Counts = tuple[np.ndarray, np.ndarray]
"""Places in a matrix of pairs, and the weight at each."""


def _joined(rows: Rows, into: np.ndarray, out_of: np.ndarray, width: int) -> Counts:
    """The pair of clusters that each edge joins, and its weight."""
    row, column = into[rows.destinations], out_of[rows.sources]
    inside = (row >= 0) & (column >= 0)
    return row[inside] * width + column[inside], rows.weights[inside]


def _counted_in_place(found: Iterable[Counts], size: int) -> Counts:
    """The weight of each pair that occurs, of at most `size` pairs."""
    total = np.zeros(size)
    for place, weight in found:
        np.add.at(total, place, weight)
    place = np.flatnonzero(total)
    return place, total[place]


def _merged(found: Iterable[Counts]) -> Counts:
    """The same where a number for each possible pair would not fit."""
    places, totals = [np.zeros(0, np.int64)], [np.zeros(0, np.float64)]
    for place, weight in found:
        here, at = np.unique(place, return_inverse=True)
        places.append(here)
        totals.append(np.bincount(at, weight, minlength=len(here)).astype(np.float64))
    place, at = np.unique(np.concatenate(places), return_inverse=True)
    return place, np.bincount(at, np.concatenate(totals), minlength=len(place))


def graph_of_means(
    empty: MultimodalGraph, partition: PartitionOnDisk, y: Int[Tensor, " n"]
) -> MultimodalGraph:
    """A graph whose nodes are the means of clusters, see `condense.clustering.assembly.graph_of_means`.

    Args:
        empty: with the whole graph's attributes; nodes are added to it.
        partition: the clusters.
        y: class of each cluster of target nodes.
    """
    graph = partition.graph
    for node_type in graph.schema.node_types:
        store = empty[node_type]
        store.num_nodes = len(partition.size[node_type])
        for modality, (mean, seen) in _means(partition, node_type).items():
            store[FEATURE_PREFIX + modality] = mean
            if not bool(seen.all()):
                store[MASK_PREFIX + modality] = seen
        store.node_weight = partition.size[node_type].to(torch.float32)
    empty[empty.target].y = y
    return empty


def _means(partition: PartitionOnDisk, node_type: str) -> dict[str, tuple[Tensor, Tensor]]:
    """Modality -> the mean of each cluster over members that have it, and which clusters have any."""
    graph = partition.graph
    if node_type not in graph.features:
        return {}
    found, cluster = graph.features[node_type], partition.cluster[node_type]
    count = len(partition.size[node_type])
    total = torch.zeros(count, found.x.width, dtype=torch.float64)
    for rows, x in found.x.blocks(graph.room.rows(found.x.width)):
        inside = cluster[rows] >= 0
        total.index_add_(0, cluster[rows][inside], x[inside].double())
    means = {}
    for modality in found.widths:
        has = found.has[modality]
        use = cluster >= 0 if has is None else (cluster >= 0) & has
        size = torch.bincount(cluster[use], minlength=count)
        mean = total[:, found.columns(modality)] / size.clamp_min(1).unsqueeze(1)
        means[modality] = (mean.float(), size > 0)
    return means
