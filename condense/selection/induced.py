"""Condensed graphs made of original nodes and the edges between them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Tensor
from torch_geometric.utils import coalesce

from condense.budget import Budget
from condense.clustering.assembly import empty_like
from condense.data.graph import MultimodalGraph
from condense.data.relations import primary, reverses
from models.schema import FEATURE_PREFIX, MASK_PREFIX, features, modality_names, present


def subgraph_around(
    graph: MultimodalGraph,
    targets: Int[Tensor, " n"],
    budget: Budget,
    generator: torch.Generator,
) -> MultimodalGraph:
    """The subgraph of the chosen target nodes and their neighbours."""
    return induced_subgraph(
        graph, with_neighbours(graph, targets, budget, generator), budget, generator
    )


def with_neighbours(
    graph: MultimodalGraph,
    targets: Int[Tensor, " n"],
    budget: Budget,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """The chosen target nodes, and random nodes of each other type, neighbours of the chosen ones first.

    Types further away follow from the types reached before them; what neighbours do not fill is drawn
    from the rest.

    Args:
        graph: the whole graph.
        targets: chosen target nodes.
        budget: n'_t.
        generator: for the draws.

    Returns:
        node type -> chosen original nodes [n'_t].
    """
    chosen = {graph.target: targets}
    waiting = [t for t in graph.node_types if t != graph.target]
    while waiting:
        joined = [t for t in waiting if any(_joins(r, t, chosen) for r in graph.edge_types)]
        node_type = (joined or waiting)[0]
        count = int(graph[node_type].num_nodes)
        near = torch.zeros(count, dtype=torch.bool, device=targets.device)
        for relation in graph.edge_types:
            source, _, destination = relation
            src, dst = graph[relation].edge_index
            if source == node_type and destination in chosen:
                near[src[torch.isin(dst, chosen[destination])]] = True
            if destination == node_type and source in chosen:
                near[dst[torch.isin(src, chosen[source])]] = True
        order = torch.randperm(count, generator=generator, device=targets.device)
        order = torch.cat([order[near[order]], order[~near[order]]])
        chosen[node_type] = order[: budget.nodes[node_type]].sort().values
        waiting.remove(node_type)
    return chosen


def _joins(relation: tuple[str, str, str], node_type: str, chosen: Mapping[str, Tensor]) -> bool:
    source, _, destination = relation
    return (source == node_type and destination in chosen) or (
        destination == node_type and source in chosen
    )


def induced_subgraph(
    graph: MultimodalGraph,
    chosen: Mapping[str, Tensor],
    budget: Budget,
    generator: torch.Generator,
) -> MultimodalGraph:
    """The chosen nodes and the edges among them, a random part of these if they exceed the budget.

    Args:
        graph: the whole graph; the chosen target nodes are labelled.
        chosen: node type -> original nodes.
        budget: the most edges of each relation.
        generator: for dropping edges.
    """
    small = MultimodalGraph()
    place = {}
    for node_type in graph.node_types:
        store, nodes = graph[node_type], chosen[node_type]
        place[node_type] = torch.full((int(store.num_nodes),), -1, device=nodes.device)
        place[node_type][nodes] = torch.arange(len(nodes), device=nodes.device)
        small[node_type].num_nodes = len(nodes)
        for modality in modality_names(store):
            small[node_type][FEATURE_PREFIX + modality] = features(store, modality)[nodes]
            has = present(store, modality)[nodes]
            if not bool(has.all()):
                small[node_type][MASK_PREFIX + modality] = has
        small[node_type].origin = nodes
    small[graph.target].y = graph[graph.target].y[chosen[graph.target]]

    mirror = reverses(graph)
    for relation in primary(graph, mirror):
        edges, weight = _edges_among(graph, relation, place)
        symmetric = mirror.get(relation) == relation
        kept = _within(edges, budget.edges[relation], symmetric, generator)
        _set_edges(small, relation, edges[:, kept], None if weight is None else weight[kept])
    for relation in graph.edge_types:
        if relation not in small.edge_types:
            other = small[mirror[relation]]
            _set_edges(small, relation, other.edge_index.flip(0), other.get("edge_weight"))
    return _in_order(small, graph)


def _edges_among(
    graph: MultimodalGraph, relation: tuple[str, str, str], place: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor | None]:
    src, dst = graph[relation].edge_index
    src, dst = place[relation[0]][src], place[relation[2]][dst]
    inside = (src >= 0) & (dst >= 0)
    weight = graph[relation].get("edge_weight")
    edges, weight = torch.stack([src, dst])[:, inside], None if weight is None else weight[inside]
    if edges.unique(dim=1).size(1) == edges.size(1):
        return edges, weight
    # The budget counts pairs of nodes, so parallel edges become one with their number as its weight.
    ones = torch.ones(edges.size(1), device=edges.device)
    return coalesce(edges, ones if weight is None else weight, reduce="sum")


def _within(
    edges: Int[Tensor, "2 e"], budget: int, symmetric: bool, generator: torch.Generator
) -> Int[Tensor, " k"]:
    """Indices of at most `budget` random edges; if `symmetric`, all edges of a pair of nodes together."""
    count = edges.size(1)
    if count <= budget:
        return torch.arange(count, device=edges.device)
    rank = torch.rand(count, generator=generator, device=edges.device)
    if symmetric:
        low, high = edges.min(dim=0).values, edges.max(dim=0).values
        _, pair = torch.stack([low, high]).unique(dim=1, return_inverse=True)
        order = rank[pair].argsort(stable=True)
        kept = order[:budget]
        # A pair that the budget would split is left out; a loop is one edge, other pairs are several.
        return kept[pair[kept] != pair[order[budget]]].sort().values
    return rank.argsort()[:budget].sort().values


def _set_edges(
    graph: MultimodalGraph, relation: tuple[str, str, str], edges: Tensor, weight: Tensor | None
) -> None:
    graph[relation].edge_index = edges
    if weight is not None:
        graph[relation].edge_weight = weight


def _in_order(small: MultimodalGraph, like: MultimodalGraph) -> MultimodalGraph:
    """A copy of `small` with the graph-level attributes of `like`, and relations in its order."""
    ordered = empty_like(like)
    for node_type in like.node_types:
        for key, value in small[node_type].items():
            ordered[node_type][key] = value
    for relation in like.edge_types:
        for key, value in small[relation].items():
            ordered[relation][key] = value
    return ordered
