"""Condensed graphs made of original nodes and the edges between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch_geometric.typing import EdgeType
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

    def joined_with(relation: EdgeType, end: int, nodes: Tensor) -> Tensor:
        """Which nodes at one end of a relation, 0 or 1, have an edge with these at the other."""
        ends = graph[relation].edge_index
        near = torch.zeros(int(graph[relation[2 * end]].num_nodes), dtype=torch.bool)
        near = near.to(targets.device)
        near[ends[end][torch.isin(ends[1 - end], nodes)]] = True
        return near

    counts = {t: int(graph[t].num_nodes) for t in graph.node_types}
    return neighbours_first(
        counts, graph.edge_types, {graph.target: targets}, budget, joined_with, generator
    )


def neighbours_first(
    counts: Mapping[str, int],
    relations: Sequence[EdgeType],
    start: Mapping[str, Int[Tensor, " n"]],
    budget: Budget,
    joined_with: Callable[[EdgeType, int, Tensor], Bool[Tensor, " n"]],
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """What `with_neighbours` says, whatever holds the edges.

    Args:
        counts: node type -> n_t.
        relations: of the whole graph.
        start: the target type -> chosen nodes.
        budget: n'_t.
        joined_with: (relation, end, nodes) -> which nodes at that end, 0 for sources and 1 for
            destinations, have an edge with these nodes at the other.
        generator: for the draws.
    """
    chosen = dict(start)
    waiting = [t for t in counts if t not in chosen]
    while waiting:
        joined = [t for t in waiting if any(_joins(r, t, chosen) for r in relations)]
        node_type = (joined or waiting)[0]
        device = next(iter(chosen.values())).device
        near = torch.zeros(counts[node_type], dtype=torch.bool, device=device)
        for relation in relations:
            source, _, destination = relation
            if source == node_type and destination in chosen:
                near |= joined_with(relation, 0, chosen[destination])
            if destination == node_type and source in chosen:
                near |= joined_with(relation, 1, chosen[source])
        order = torch.randperm(counts[node_type], generator=generator, device=device)
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
    # The budget counts pairs of nodes, so parallel edges become one with their number as its weight. The
    # order of the pairs decides which of them a random part has, so it must not be the file's.
    ones = torch.ones(edges.size(1), device=edges.device)
    pairs, total = coalesce(edges, ones if weight is None else weight, reduce="sum")
    alone = weight is None and pairs.size(1) == edges.size(1)
    return pairs, None if alone else total


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
