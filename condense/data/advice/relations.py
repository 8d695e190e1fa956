"""Warnings about relations: which lead nowhere, which lead one way only, and which nodes none reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph, num_target

REVERSES = (
    "add reverse edges, as PyG's ToUndirected() does, or reverse = true in a graph.toml for prepare"
)
APART = 0.1
"""Share of the target nodes that no edge reaches. In data sets that are published so it is up to 0.044."""
SHOWN = 3


def relations(graph: MultimodalGraph) -> Iterator[str]:
    """A sentence where models and condensers cannot use edges as their user expects."""
    target = graph.target
    filled = [r for r in graph.edge_types if graph[r].edge_index.size(1)]
    if not filled:
        return
    if not any(r[2] == target for r in filled):
        yield (
            f"no edge leads to the target type {target!r}: every model learns from its features alone, and "
            f"the edges that a condensed graph keeps are read by nothing; {REVERSES}"
        )
        return
    reached = _leading_to(target, filled)
    unread = [r for r in filled if r[2] not in reached]
    if unread:
        yield (
            f"no path leads from {_listed(unread)} to {target!r}, so nothing reads these edges; {REVERSES}"
        )
    ends = {(r[0], r[2]) for r in filled}
    one_way = [r for r in filled if r[2] in reached and (r[2], r[0]) not in ends]
    if one_way:
        source, _, destination = one_way[0]
        yield (
            f"{_listed(one_way)} without a reverse: no edge leads back from {destination!r} to {source!r}, "
            f"so no path goes there and returns; {REVERSES}"
        )
    yield from _apart(graph, filled)


def _apart(graph: MultimodalGraph, filled: Sequence[EdgeType]) -> Iterator[str]:
    """A sentence where many target nodes have no edge that leads to them."""
    target, n = graph.target, num_target(graph)
    reached, leaving = torch.zeros(n, dtype=torch.bool), torch.zeros(n, dtype=torch.bool)
    for relation in filled:
        source, destination = graph[relation].edge_index
        if relation[2] == target:
            reached[destination] = True
        if relation[0] == target:
            leaving[source] = True
    apart = ~reached
    count = int(apart.sum())
    if count < APART * n:
        return
    remedy = "check how the edges were joined to the nodes"
    if one_way := int((apart & leaving).sum()):
        remedy = f"{one_way:,} of them have edges that lead away: {REVERSES}"
    yield (
        f"no edge leads to {count:,} of {n:,} {target!r} nodes, for example node {int(apart.nonzero()[0])}: "
        f"models know them by their own features alone; {remedy}"
    )


def _leading_to(target: str, filled: Sequence[EdgeType]) -> set[str]:
    """The types from which edges lead to `target` in any number of steps, and itself."""
    reached = {target}
    while more := {r[0] for r in filled if r[2] in reached} - reached:
        reached |= more
    return reached


def _listed(found: Sequence[EdgeType]) -> str:
    """How many relations, and the first of them."""
    names = ", ".join(" / ".join(r) for r in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{len(found)} relation{'s' if len(found) > 1 else ''} ({names}{more})"
