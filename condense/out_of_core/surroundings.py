"""A part of a graph on disk, in memory: some target nodes with their in-neighbours."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from condense.out_of_core.graph import GraphOnDisk
from models.schema import FEATURE_PREFIX, MASK_PREFIX

FEWEST = 256
"""Target nodes that are taken in any case."""


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
    inside, edges = _reached(graph, rows, hops)
    place = {}
    for node_type, mask in inside.items():
        nodes = mask.nonzero().flatten()
        place[node_type] = torch.full((len(mask),), -1).index_copy_(
            0, nodes, torch.arange(len(nodes))
        )
        _add_features(graph, empty, node_type, nodes)
    for relation in graph.schema.relations:
        none = torch.zeros(0, dtype=torch.long)
        src, dst, weight = edges.get(relation, (none, none, torch.zeros(0)))
        store = empty[relation]
        store.edge_index = torch.stack([place[relation[0]][src], place[relation[2]][dst]])
        if graph.relations[relation].weighted:
            store.edge_weight = weight
    return empty, place[graph.schema.target][rows]


def as_many_as_fit(graph: GraphOnDisk, rows: Int[Tensor, " k"], hops: int = 1) -> Int[Tensor, " _"]:
    """The first of these target nodes, as many as there is room for with all that reach them.

    Args:
        graph: the whole graph.
        rows: target nodes.
        hops: how far.
    """
    widths = {t: found.x.width for t, found in graph.features.items()}
    while len(rows) > FEWEST:
        inside, _ = _reached(graph, rows, hops)
        numbers = sum(int(mask.sum()) * widths.get(t, 0) for t, mask in inside.items())
        if numbers <= graph.room.sample(2):
            break
        rows = rows[: len(rows) // 2]
    return rows


def _reached(
    graph: GraphOnDisk, rows: Int[Tensor, " k"], hops: int
) -> tuple[dict[str, Tensor], dict[EdgeType, tuple[Tensor, Tensor, Tensor]]]:
    """Which nodes reach these over at most `hops` edges, and the edges."""
    inside = {t: torch.zeros(n, dtype=torch.bool) for t, n in graph.num_nodes.items()}
    inside[graph.schema.target][rows] = True
    edges: dict[EdgeType, tuple[Tensor, Tensor, Tensor]] = {}
    for _ in range(hops):
        edges = {r: a.edges_into(inside[r[2]]) for r, a in graph.relations.items()}
        reached = {t: mask.clone() for t, mask in inside.items()}
        for relation, (src, _, _) in edges.items():
            reached[relation[0]][src] = True
        inside = reached
    return inside, edges


def _add_features(
    graph: GraphOnDisk, part: MultimodalGraph, node_type: str, nodes: Int[Tensor, " k"]
) -> None:
    """Add the nodes of a type, with features, masks and the classes that are known."""
    store = part[node_type]
    store.num_nodes = len(nodes)
    if node_type in graph.features:
        found = graph.features[node_type]
        x = found.x.at(nodes, graph.room.rows(found.x.width))
        for modality in found.widths:
            store[FEATURE_PREFIX + modality] = x[:, found.columns(modality)]
            has = found.has[modality]
            if has is not None:
                store[MASK_PREFIX + modality] = has[nodes]
    if node_type == graph.schema.target:
        store.y = graph.y[nodes]
        store.train_mask, store.val_mask = graph.train_mask[nodes], graph.val_mask[nodes]
