"""A part of a graph on disk, in memory: some target nodes with their in-neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from condense.out_of_core.adjacency import Adjacency
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.some_rows import FEW, degrees_at, edges_at, rows_at
from models.schema import FEATURE_PREFIX, MASK_PREFIX

FEWEST = 256
"""Target nodes that are taken in any case."""
Edges = tuple[Tensor, Tensor, Tensor]
"""Sources, destinations and weights."""
Into = Callable[[Adjacency, Int[Tensor, " k"], int], Edges]
"""The edges of a relation into some nodes, so many edges away from the target nodes."""
Fits = Callable[[Mapping[str, int], int], bool]
"""(nodes by type, edges) -> whether there is room for a part of that size."""


@dataclass(frozen=True)
class Reached:
    """Some target nodes and what reaches them.

    Attributes:
        nodes: node type -> numbers in the whole graph, ascending.
        edges: relation -> its edges, numbered as in the whole graph.
    """

    nodes: Mapping[str, Tensor]
    edges: Mapping[EdgeType, Edges]


def anything(nodes: Mapping[str, int], edges: int) -> bool:
    """There is room for parts of any size."""
    return True


def with_neighbours(
    graph: GraphOnDisk, empty: MultimodalGraph, rows: Int[Tensor, " k"], hops: int = 1
) -> tuple[MultimodalGraph, Int[Tensor, " k"]]:
    """The graph of some target nodes and of all that reach them over at most `hops` edges.

    All edges into nodes that are nearer than `hops` are there, so a model that passes messages `hops` times
    answers for these nodes as on the whole graph.

    Args:
        graph: the whole graph.
        empty: with its attributes; nodes and edges are added to it, features in the data set's units.
        rows: target nodes.
        hops: how far.

    Returns:
        The part, and where the rows are in it.
    """
    found = all_reached(graph, rows, hops)
    assert found is not None
    return assembled(graph, empty, rows, found)


def all_reached(
    graph: GraphOnDisk, rows: Int[Tensor, " k"], hops: int, fits: Fits = anything
) -> Reached | None:
    """These target nodes and all that reach them over at most `hops` edges; None if that does not fit."""

    def into(edges: Adjacency, nodes: Tensor, hop: int) -> Edges:
        return edges_into(edges, nodes)

    return spread_out(graph, rows, hops, into, fits)


def as_many_as_fit(graph: GraphOnDisk, rows: Int[Tensor, " k"], hops: int = 1) -> Int[Tensor, " _"]:
    """The first of these target nodes, as many as there is room for with all that reach them.

    Args:
        graph: the whole graph.
        rows: target nodes.
        hops: how far.
    """
    widths = {t: found.x.width for t, found in graph.features.items()}

    def fits(nodes: Mapping[str, int], edges: int) -> bool:
        return sum(n * widths.get(t, 0) for t, n in nodes.items()) <= graph.room.sample(2)

    while len(rows) > FEWEST and all_reached(graph, rows, hops, fits) is None:
        rows = rows[: len(rows) // 2]
    return rows


def spread_out(
    graph: GraphOnDisk, rows: Int[Tensor, " k"], hops: int, into: Into, fits: Fits
) -> Reached | None:
    """Follow edges backwards from some target nodes; each node that is reached asks for its edges once.

    Args:
        graph: the whole graph.
        rows: target nodes.
        hops: how far.
        into: the edges to follow.
        fits: asked before the first edge and after each hop.

    Returns:
        None as soon as it does not fit.
    """
    target = graph.schema.target
    inside = {t: torch.zeros(n, dtype=torch.bool) for t, n in graph.num_nodes.items()}
    inside[target][rows] = True
    new = {target: rows.unique()}
    nodes = {t: [new[target]] if t == target else [] for t in inside}
    edges: dict[EdgeType, list[Edges]] = {relation: [] for relation in graph.relations}
    for hop in range(hops + 1):
        size = {t: sum(map(len, parts)) for t, parts in nodes.items()}
        if not fits(size, sum(len(part[0]) for parts in edges.values() for part in parts)):
            return None
        if hop == hops:
            break
        reached = {t: torch.zeros_like(mask) for t, mask in inside.items()}
        for relation, adjacency in graph.relations.items():
            if len(new.get(relation[2], ())):
                edges[relation].append(into(adjacency, new[relation[2]], hop))
                reached[relation[0]][edges[relation][-1][0]] = True
        new = {t: (mask & ~inside[t]).nonzero().flatten() for t, mask in reached.items()}
        for node_type, found in new.items():
            inside[node_type][found] = True
            nodes[node_type].append(found)
    joined = {r: _joined(parts) for r, parts in edges.items()}
    return Reached({t: mask.nonzero().flatten() for t, mask in inside.items()}, joined)


def _joined(parts: list[Edges]) -> Edges:
    """Edges in the order of their destinations, each of which is in one part."""
    none = torch.zeros(0, dtype=torch.long)
    every = [(none, none, torch.zeros(0)), *parts]
    src, dst, weight = (torch.cat(each) for each in zip(*every, strict=True))
    order = dst.argsort(stable=True)
    return src[order], dst[order], weight[order]


def edges_into(edges: Adjacency, nodes: Int[Tensor, " k"]) -> Edges:
    """All edges into some nodes: read node by node if they are few, else out of all edges."""
    if len(nodes) * FEW >= edges.height:
        wanted = torch.zeros(edges.height, dtype=torch.bool)
        wanted[nodes] = True
        return edges.edges_into(wanted)
    first, degree = degrees_at(edges, nodes)
    places = torch.repeat_interleave(first - degree.cumsum(0) + degree, degree)
    places += torch.arange(len(places))
    src, weight = edges_at(edges, places)
    return src, torch.repeat_interleave(nodes, degree), weight


def assembled(
    graph: GraphOnDisk, empty: MultimodalGraph, rows: Int[Tensor, " k"], found: Reached
) -> tuple[MultimodalGraph, Int[Tensor, " k"]]:
    """A part of the graph with its features, and where the rows are in it; see `with_neighbours`."""
    for node_type, nodes in found.nodes.items():
        _add_features(graph, empty, node_type, nodes)
    for relation in graph.schema.relations:
        src, dst, weight = found.edges[relation]
        ends = [
            torch.searchsorted(found.nodes[relation[0]], src),
            torch.searchsorted(found.nodes[relation[2]], dst),
        ]
        store = empty[relation]
        store.edge_index = torch.stack(ends)
        if graph.relations[relation].weighted:
            store.edge_weight = weight
    return empty, torch.searchsorted(found.nodes[graph.schema.target], rows)


def _add_features(
    graph: GraphOnDisk, part: MultimodalGraph, node_type: str, nodes: Int[Tensor, " k"]
) -> None:
    """Add the nodes of a type, with features, masks and the classes that are known."""
    store = part[node_type]
    store.num_nodes = len(nodes)
    if node_type in graph.features:
        found = graph.features[node_type]
        x = rows_at(found.x, nodes, graph.room.rows(found.x.width))
        for modality in found.widths:
            store[FEATURE_PREFIX + modality] = x[:, found.columns(modality)]
            has = found.has[modality]
            if has is not None:
                store[MASK_PREFIX + modality] = has[nodes]
    if node_type == graph.schema.target:
        store.y = graph.y[nodes]
        store.train_mask, store.val_mask = graph.train_mask[nodes], graph.val_mask[nodes]
