"""Nodes of a leaf type merged by the chosen nodes that they are neighbours of."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data.storage import NodeStorage
from torch_geometric.typing import EdgeType
from torch_geometric.utils import coalesce

from condense.clustering.coordinates import directions
from condense.clustering.kmeans import cluster_means, kmeans, kmeans_by_group
from condense.clustering.rows import RowsInMemory
from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from models.propagation.sparse import edge_weights
from models.schema import FEATURE_PREFIX, MASK_PREFIX, features, modality_names, present


@dataclass(frozen=True)
class Neighbours:
    """The leaves of the chosen nodes, their parents: pairs, each once, by parent and then by leaf.

    Attributes:
        parent: of each pair, numbered through the chosen nodes of all parent types [p].
        leaf: of each pair [p].
        number: parent type -> the number of each original node [n], −1 if it is not chosen.
        leaves: how many leaves there are, neighbours or not.
    """

    parent: Int[Tensor, " p"]
    leaf: Int[Tensor, " p"]
    number: Mapping[str, Tensor]
    leaves: int

    @classmethod
    def of(cls, graph: MultimodalGraph, leaf: str, chosen: Mapping[str, Tensor]) -> Neighbours:
        """Those in `graph`; see `with_merged_leaves`."""
        number, total = {}, 0
        for node_type in dict.fromkeys(_parent_type(r, leaf) for r in _relations(graph, leaf)):
            nodes = chosen[node_type]
            number[node_type] = nodes.new_full((int(graph[node_type].num_nodes),), -1)
            number[node_type][nodes] = torch.arange(total, total + len(nodes)).to(nodes)
            total += len(nodes)
        leaves = int(graph[leaf].num_nodes)
        none = torch.zeros(0, dtype=torch.long, device=graph[graph.target].y.device)
        unsorted = cls(none, none, number, leaves)
        key = [unsorted.keys(graph, r, leaf)[0] for r in _relations(graph, leaf)]
        key = torch.cat([none, *key]).unique()
        return cls(key // leaves, key % leaves, number, leaves)

    def keys(
        self, graph: MultimodalGraph, relation: EdgeType, leaf: str
    ) -> tuple[Int[Tensor, " e"], Int[Tensor, " e"]]:
        """The edges of a relation that join a leaf with a chosen node: parent · leaves + leaf, and which."""
        src, dst = graph[relation].edge_index
        leaves, parents = (src, dst) if relation[0] == leaf else (dst, src)
        number = self.number[_parent_type(relation, leaf)][parents]
        kept = (number >= 0).nonzero().flatten()
        return number[kept] * self.leaves + leaves[kept], kept

    def pairs(self, keys: Int[Tensor, " e"]) -> Int[Tensor, " e"]:
        """The pair of each key."""
        return torch.searchsorted(self.parent * self.leaves + self.leaf, keys)


def with_merged_leaves(
    graph: MultimodalGraph,
    leaf: str,
    chosen: Mapping[str, Tensor],
    count: int,
    spare: Int[Tensor, " n"],
    generator: torch.Generator,
) -> MultimodalGraph:
    """A copy of `graph` in which `count` means stand for the leaves of the chosen nodes, their parents.

    See `merged`. Where all leaves of the parents stand alone and there is still room, leaves of `spare`
    follow, without edges. `node_weight` counts the leaves in a mean. An edge between a parent and a mean
    weighs what the parent's edges to the leaves in it do; edges of nodes that are not chosen are left out.

    Args:
        graph: the whole graph.
        leaf: a type that has relations with other types only.
        chosen: node type -> chosen nodes, of each type that `leaf` has relations with.
        count: at most the number of leaves.
        spare: all leaves, the most welcome first.
        generator: for k-means.
    """
    near = Neighbours.of(graph, leaf, chosen)
    into = merged(near, coordinates(graph, leaf, near.leaf), count, generator)
    key = (into * near.leaves + near.leaf).unique()
    members, number = key % near.leaves, key // near.leaves
    alone = spare[~torch.isin(spare, members)][: count - len(number.unique())]
    rest = torch.arange(count - len(alone), count, device=alone.device)
    small = copy.copy(graph)
    _set_means(small[leaf], torch.cat([members, alone]), torch.cat([number, rest]), count)
    for relation in _relations(graph, leaf):
        keys, kept = near.keys(graph, relation, leaf)
        ends = graph[relation].edge_index[:, kept]
        ends[0 if relation[0] == leaf else 1] = into[near.pairs(keys)]
        weight = edge_weights(graph, relation)[kept]
        small[relation].edge_index, small[relation].edge_weight = coalesce(ends, weight)
    return small


def merged(
    near: Neighbours, x: Float[Tensor, "p d"], count: int, generator: torch.Generator
) -> Int[Tensor, " p"]:
    """The mean that each pair of a parent and a leaf goes to, numbered from 0, none of them empty.

    The leaves of a parent make up one mean, which parents with the same leaves share (FreeHGC). If that is
    more than `count` means, k-means merges those that are alike; if it is fewer, k-means divides those of
    many leaves, until each has one.

    Args:
        near: parents and leaves.
        x: coordinates of the leaf of each pair.
        count: of the means.
        generator: for k-means.
    """
    alike = _parents_alike(near)
    member, place = (alike * near.leaves + near.leaf).unique(return_inverse=True)
    group = member // near.leaves
    x = x.new_empty(len(member), x.size(1)).index_copy_(0, place, x)  # Equal rows at equal places.
    size = torch.bincount(group)
    if len(size) >= count:
        centres, _ = cluster_means(x, torch.ones_like(group, dtype=torch.bool), group, len(size))
        return kmeans(centres, count, generator)[group][place]
    parts = divided(size, count - len(size))
    return kmeans_by_group(RowsInMemory(x), group, parts.tolist(), generator)[place]


def divided(size: Int[Tensor, " g"], more: int) -> Int[Tensor, " g"]:
    """Into how many parts to divide each of g groups, so that there are `more` parts than groups.

    Each further part goes to the group with the most members a part, and none has more parts than members;
    where that leaves parts over, there are fewer.
    """
    group = torch.arange(len(size), device=size.device).repeat_interleave(size - 1)
    first = (size - 1).cumsum(0) - (size - 1)
    part = torch.arange(len(group), device=size.device) - first[group] + 1  # That it has already.
    largest = (size[group] / part).argsort(descending=True, stable=True)[:more]
    return 1 + torch.bincount(group[largest], minlength=len(size))


def _parents_alike(near: Neighbours) -> Int[Tensor, " p"]:
    """For each pair, a number that parents with the same leaves share, from 0 in order."""
    _, place, count = near.parent.unique(return_inverse=True, return_counts=True)
    known: dict[tuple[int, ...], int] = {}
    leaves = [tuple(each.tolist()) for each in near.leaf.split(count.tolist())]
    number = [known.setdefault(each, len(known)) for each in leaves]
    return torch.tensor(number, dtype=torch.long, device=place.device)[place]


def _relations(graph: MultimodalGraph, leaf: str) -> list[EdgeType]:
    return [r for r in graph.edge_types if leaf in (r[0], r[2])]


def _parent_type(relation: EdgeType, leaf: str) -> str:
    return relation[2] if relation[0] == leaf else relation[0]


def coordinates(graph: MultimodalGraph, leaf: str, rows: Int[Tensor, " k"]) -> Float[Tensor, "k d"]:
    """Directions of all modalities side by side, scaled on these rows: in these, k-means compares leaves."""
    some = MultimodalGraph()
    some[leaf].num_nodes = len(rows)
    for modality in modality_names(graph[leaf]):
        some[leaf][FEATURE_PREFIX + modality] = features(graph[leaf], modality)[rows]
        some[leaf][MASK_PREFIX + modality] = present(graph[leaf], modality)[rows]
    scaled = FeatureScaler.fit(some).apply(some)[leaf]
    parts = [scaled[FEATURE_PREFIX + m] for m in modality_names(some[leaf])]
    none = torch.zeros(len(rows), 0, device=rows.device)
    return directions(torch.cat([none, *parts], dim=1))


def _set_means(
    store: NodeStorage, members: Int[Tensor, " m"], number: Int[Tensor, " m"], count: int
) -> None:
    """Replace nodes by means over those that have the modality, in the data set's units."""
    means = {
        m: cluster_means(features(store, m)[members], present(store, m)[members], number, count)
        for m in modality_names(store)
    }
    for key in list(store.keys()):
        del store[key]
    store.num_nodes = count
    for modality, (mean, seen) in means.items():
        store[FEATURE_PREFIX + modality] = mean
        if not bool(seen.all()):
            store[MASK_PREFIX + modality] = seen
    store.node_weight = torch.bincount(number, minlength=count).to(torch.float32)
