"""Warnings about a whole graph that obeys all rules, but of which less is read than it holds."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import SPLITS, MultimodalGraph
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names, present

READ = ("num_nodes", "y", "y_soft", "node_weight", "origin", *SPLITS)
"""Attributes of nodes that are read, besides features and their masks."""
BARE = ("x", "feat", "features")
"""Names under which other libraries keep features."""
DOMINANT = 0.999  # Share of a modality's variance.
COLUMNS = 256  # Columns whose variance is computed at a time, to bound the memory.


def advice(graph: MultimodalGraph) -> list[str]:
    """What the user of a whole graph should know before it is condensed or evaluated.

    It says where no edge leads to the target, which relations, node and edge attributes nothing reads, and
    which features say nothing or drown the others of their modality.

    Args:
        graph: obeys the rules of a whole graph.

    Returns:
        A sentence for each finding, none for most graphs.
    """
    messages = [*_relations(graph), *_edge_attributes(graph)]
    for node_type in graph.node_types:
        messages += [*_node_attributes(graph, node_type), *_features(graph, node_type)]
    return messages


def _relations(graph: MultimodalGraph) -> Iterator[str]:
    target = graph.target
    filled = [r for r in graph.edge_types if graph[r].edge_index.size(1)]
    if not filled:
        return
    unread = [r for r in filled if r[2] not in _leading_to(target, filled)]
    remedy = "add their reverses, as PyG's ToUndirected() does"
    if not any(r[2] == target for r in filled):
        yield (
            f"no edge leads to the target type {target!r}: every model learns from its features alone, and "
            f"the edges that a condensed graph keeps are read by nothing; {remedy}"
        )
    elif unread:
        names = ", ".join(" / ".join(r) for r in unread)
        yield f"no path leads from these relations to {target!r}, so nothing reads them: {names}; {remedy}"


def _leading_to(target: str, relations: list[EdgeType]) -> set[str]:
    """The types from which edges lead to `target` in any number of steps, and itself."""
    reached = {target}
    while more := {r[0] for r in relations if r[2] in reached} - reached:
        reached |= more
    return reached


def _edge_attributes(graph: MultimodalGraph) -> Iterator[str]:
    for relation in graph.edge_types:
        for name in graph[relation]:
            if name not in ("edge_index", "edge_weight"):
                yield (
                    f"graph[{relation!r}].{name} is read by nothing; if it is a weight, call it edge_weight"
                )


def _node_attributes(graph: MultimodalGraph, node_type: str) -> Iterator[str]:
    store = graph[node_type]
    for name, value in store.items():
        if name in READ or name.startswith((FEATURE_PREFIX, MASK_PREFIX)):
            continue
        if name in BARE or (
            isinstance(value, Tensor) and value.is_floating_point() and value.dim() == 2
        ):
            without = (
                "" if modality_names(store) else ", and the type counts as one without features"
            )
            yield (
                f"graph[{node_type!r}].{name} is not read as features{without}; call it "
                f"{FEATURE_PREFIX}<modality>, for example {FEATURE_PREFIX}text"
            )


def _features(graph: MultimodalGraph, node_type: str) -> Iterator[str]:
    store = graph[node_type]
    for modality in modality_names(store):
        x, has = store[FEATURE_PREFIX + modality], present(store, modality)
        where = f"graph[{node_type!r}].{FEATURE_PREFIX}{modality}"
        if x.layout != torch.strided or not bool(has.any()):
            continue
        variance = _variance(x, has)  # [width]
        total = float(variance.sum())
        if total == 0 and int(has.sum()) > 1:
            yield f"{where} is the same on all nodes, and tells none from another"
        elif x.size(1) > 1 and float(variance.max()) > DOMINANT * total > 0:
            column = int(variance.argmax())
            yield (
                f"column {column} of {where} has {float(variance[column]) / total:.2%} of its variance, and "
                "features are scaled together: the other columns vanish; scale the columns"
            )


def _variance(x: Tensor, has: Tensor) -> Tensor:
    """The variance of each column over the nodes that have the modality, in float64 [width]."""
    rows = slice(None) if bool(has.all()) else has
    parts = [
        x[:, first : first + COLUMNS][rows].double().var(dim=0, correction=0)
        for first in range(0, x.size(1), COLUMNS)
    ]
    return torch.cat(parts)
