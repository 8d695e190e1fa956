"""A graph with its edges shuffled at random under constant degrees, for benchmarks/shuffled_edges.py.

Every node keeps its in- and out-degree in each relation, and every weight stays with the destination of its
edge, so that an average has the same number of terms with the same weights, over other nodes. What a model
loses by training on such a graph is what it learnt from the structure beyond the degrees.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from condense.data.relations import primary, reverses

SWAPS = 100
"""Swaps tried for each edge; Milo et al. (arXiv cond-mat/0312028) find this more than adequate."""


def shuffle_edges(graph: MultimodalGraph, generator: torch.Generator) -> MultimodalGraph:
    """A copy with the edges of each relation rewired by random swaps a→b, c→d ⟼ c→b, a→d.

    A swap that would join two nodes twice, or a node to itself, is skipped, so no edge is merged or lost
    (Maslov & Sneppen, Science 296, 2002); if nearly all pairs are joined, little can change. Loops stay.
    Mirrored relations stay mirrored, whatever their weights: the weights of each stay with its own
    destinations.

    Args:
        graph: condensed or whole; a whole graph with many edges takes a while, because this is a plain loop.
        generator: for the swaps, on the CPU.
    """
    shuffled = copy.copy(graph)
    mirror = _mirrored_pairs(graph)
    for relation in primary(graph, mirror):
        reverse = mirror.get(relation)
        edges = graph[relation].edge_index.cpu()
        if reverse == relation:
            shuffled[relation].edge_index = _symmetric(edges, generator).to(
                graph[relation].edge_index.device
            )
            continue
        taken = _rewired(edges, relation[0] == relation[2], generator)  # [e]
        _set(shuffled, relation, edges[0][taken], edges[1])
        if reverse is not None:
            # The source of edge e is now joined to the destination of the edge that took it.
            met = edges[1][taken.argsort()]
            order, place = _by_pair(edges.flip(0)), _by_pair(graph[reverse].edge_index.cpu())
            source = torch.empty_like(met)
            source[place] = met[order]
            _set(shuffled, reverse, source, graph[reverse].edge_index[1].cpu())
    return shuffled


def _set(graph: MultimodalGraph, relation: EdgeType, src: Tensor, dst: Tensor) -> None:
    device = graph[relation].edge_index.device
    graph[relation].edge_index = torch.stack([src, dst]).to(device)


def _mirrored_pairs(graph: MultimodalGraph) -> Mapping[EdgeType, EdgeType]:
    """Mirrored relations by their pairs alone: in a condensed graph, each has weights of its own."""
    bare = copy.copy(graph)
    for relation in bare.edge_types:
        bare[relation].pop("edge_weight", None)
    return reverses(bare)


def _by_pair(edges: Int[Tensor, "2 e"]) -> Int[Tensor, " e"]:
    """The order that sorts edges by source, then by destination."""
    order = edges[1].argsort(stable=True)
    return order[edges[0][order].argsort(stable=True)]


def _rewired(
    edges: Int[Tensor, "2 e"], within: bool, generator: torch.Generator
) -> Int[Tensor, " e"]:
    """For each edge, the edge whose source it takes.

    Args:
        edges: [source, destination].
        within: whether both ends have the same type, so that an edge can be a loop.
        generator: for the swaps.
    """
    source, destination = edges.tolist()
    taken = list(range(len(source)))
    joined = Counter(zip(source, destination, strict=True))
    free = [e for e in taken if not (within and source[e] == destination[e])]
    for i, j in _draws(len(free), 2, generator):
        e, f = free[i], free[j]
        a, b, c, d = source[taken[e]], destination[e], source[taken[f]], destination[f]
        if joined[c, b] or joined[a, d] or (within and (c == b or a == d)):
            continue
        joined.subtract([(a, b), (c, d)])
        joined.update([(c, b), (a, d)])
        taken[e], taken[f] = taken[f], taken[e]
    return torch.tensor(taken, dtype=torch.long)


def _symmetric(edges: Int[Tensor, "2 e"], generator: torch.Generator) -> Int[Tensor, "2 e"]:
    """The rewired edges of a symmetric relation, whose two edges between a pair of nodes move together.

    Args:
        edges: [source, destination]; the opposite of each edge is among them.
        generator: for the swaps.
    """
    opposite = torch.empty(edges.size(1), dtype=torch.long)
    opposite[_by_pair(edges)] = _by_pair(edges.flip(0))
    destination = edges[1].tolist()
    # An edge is identified by its destination, a pair by its two edges.
    pairs = [[e, o] for e, o in enumerate(opposite.tolist()) if e < o]
    pairs = [[e, o] for e, o in pairs if destination[e] != destination[o]]
    joined = Counter(_key(destination[e], destination[o]) for e, o in pairs)
    for i, j, turn in _draws(len(pairs), 3, generator):
        p, q = pairs[i], pairs[j]
        if turn % 2:
            q.reverse()
        a, b, c, d = (destination[e] for e in (*p, *q))
        if a == d or c == b or joined[_key(a, d)] or joined[_key(c, b)]:
            continue
        joined.subtract([_key(a, b), _key(c, d)])
        joined.update([_key(a, d), _key(c, b)])
        p[1], q[1] = q[1], p[1]
    source = edges[0].clone()
    for e, o in pairs:
        source[e], source[o] = destination[o], destination[e]
    return torch.stack([source, edges[1]])


def _key(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _draws(count: int, width: int, generator: torch.Generator) -> list[list[int]]:
    """SWAPS · count rows of `width` random indices below `count`; none if there is nothing to swap."""
    if count < 2:
        return []
    return torch.randint(count, (SWAPS * count, width), generator=generator).tolist()
