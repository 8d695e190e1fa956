"""Converts PyG's `Data` and `HeteroData` to `MultimodalGraph`; see `condense.data.from_pyg`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData

from condense.data.graph import MultimodalGraph, Source
from condense.data.pyg.arrays import as_tensor, storable, vector
from condense.data.pyg.changes import Changes
from condense.data.pyg.edges import check_weight, edge_attributes
from condense.data.pyg.features import FEATURES, check_plan, modality_features, plan_of
from condense.data.pyg.labels import is_split, labels, splits
from condense.data.pyg.stores import Stores, stores_of
from condense.data.rules.check import SETTINGS, check
from condense.data.rules.completion import check_completion
from condense.data.rules.nodes import check_count
from condense.errors import GraphError
from models.choices import nearest
from models.schema import FEATURE_PREFIX, MASK_PREFIX

Split = int | Mapping[str, Any] | Callable[[str, Tensor], Mapping[str, Any]]


@dataclass(frozen=True)
class Conversion:
    """A converted graph.

    Attributes:
        graph: obeys all rules of a whole graph.
        changes: choices that were made and what was left out, a sentence each.
        details: changes of type or layout that keep all values, likewise.
    """

    graph: MultimodalGraph
    changes: tuple[str, ...]
    details: tuple[str, ...]


def convert(
    data: Data | HeteroData,
    target: str | None = None,
    *,
    modalities: Mapping[str, Any] | None = None,
    split: Split | None = None,
    edge_weight: str | None = None,
    name: str | None = None,
    source: Source | None = None,
) -> Conversion:
    """The graph of `condense.data.from_pyg`, which documents the arguments, with the list of changes.

    A split may also be a function from the target type and its labels, long [n], to one.
    """
    changes = Changes()
    stores = stores_of(data, target, edge_weight)
    target = _target(stores, target)
    check_plan(modalities, stores.nodes)
    check_weight(edge_weight, stores.edges.values())
    graph = MultimodalGraph()
    edges = {
        relation: edge_attributes(store, f"graph[{relation!r}]", edge_weight, changes)
        for relation, store in stores.edges.items()
    }
    for node_type, store in stores.nodes.items():
        plan = plan_of(modalities, node_type)
        for key, value in _nodes(node_type, store, plan, node_type == target, changes).items():
            graph[node_type][key] = value
    _count_nodes(graph, stores, edges, changes)
    _classify(graph, stores, target, split, changes)
    for relation, attributes in edges.items():
        for key, value in attributes.items():
            graph[relation][key] = value
    _settings(graph, stores, name, source, changes)
    if modalities is None:
        _tell_apart(graph, changes)
    check(graph, "whole")
    return Conversion(graph, tuple(changes.notes), tuple(changes.details))


def _target(stores: Stores, target: str | None) -> str:
    """The node type to classify: the one named, or the only one that has labels."""
    if target is not None:
        if target not in stores.nodes:
            remedy = nearest(str(target), stores.nodes)
            raise GraphError.of("target", repr(target), "is not a node type of the graph", remedy)
        return target
    declared = stores.whole.get("target")
    if isinstance(declared, str) and declared in stores.nodes:
        return declared
    labelled = [t for t, store in stores.nodes.items() if store.get("y") is not None]
    if len(labelled) > 1:
        labelled = [t for t in labelled if any(map(is_split, stores.nodes[t]))] or labelled
    if len(labelled) != 1:
        got = ", ".join(labelled) or "no type with labels y"
        rule = "must be one node type with labels"
        remedy = "name it with target=…" if labelled else "set y on the type to classify"
        raise GraphError.of("target", got, rule, remedy)
    return labelled[0]


def _nodes(
    node_type: str,
    store: Mapping[str, Any],
    plan: Mapping[str, Any] | None,
    is_target: bool,
    changes: Changes,
) -> dict[str, Tensor]:
    """A type's features, their masks, and its other attributes, without labels and splits."""
    where = f"graph[{node_type!r}]"
    found, read = modality_features(store, where, plan, changes)
    kept = {FEATURE_PREFIX + modality: x for modality, x in found.items()}
    for key, raw in store.items():
        if key in read or key == "num_nodes" or raw is None:
            continue
        if key == "y" or is_split(key):
            if not is_target:
                changes.note(f"{where}.{key}: left out, since another type is classified")
            continue
        tensor = as_tensor(raw, f"{where}.{key}", changes)
        if tensor is None or tensor.dim() == 0:
            changes.note(f"{where}.{key}: left out, since it is not one row of numbers per node")
        elif key.startswith(MASK_PREFIX):
            kept[key] = vector(tensor, f"{where}.{key}", changes).bool()
        else:
            changes.note(f"{where}.{key}: kept, but no model and no condenser reads it")
            kept[key] = storable(tensor)
    return kept


def _count_nodes(
    graph: MultimodalGraph,
    stores: Stores,
    edges: Mapping[tuple[str, str, str], Mapping[str, Tensor]],
    changes: Changes,
) -> None:
    """Set num_nodes of each type: as given, else by its rows, else by the largest number in its edges."""
    for node_type, store in stores.nodes.items():
        given, rows = store.get("num_nodes"), list(graph[node_type].values())
        if given is not None:
            count = given.item() if isinstance(given, Tensor) and given.numel() == 1 else given
            check_count(count, f"graph[{node_type!r}]")
            graph[node_type].num_nodes = int(count)
        elif rows or store.get("y") is not None:
            graph[node_type].num_nodes = len(rows[0]) if rows else len(store["y"])
        else:
            ends = [
                attributes["edge_index"][side]
                for relation, attributes in edges.items()
                for side in (0, 1)
                if relation[2 * side] == node_type
            ]
            count = 1 + max((int(end.max()) for end in ends if len(end)), default=-1)
            changes.note(
                f"graph[{node_type!r}].num_nodes: {count}, the largest number in its edges + 1"
            )
            graph[node_type].num_nodes = count


def _classify(
    graph: MultimodalGraph,
    stores: Stores,
    target: str,
    split: Split | None,
    changes: Changes,
) -> None:
    """Set the target's labels and splits, and the number of classes."""
    store, node = stores.nodes[target], graph[target]
    if store.get("y") is None:
        remedy = "set each node's class, −1 where it is unknown"
        raise GraphError.of(
            f"graph[{target!r}].y", "nothing", "must be integers [num_nodes]", remedy
        )
    node.y, graph.num_classes = labels(store["y"], f"graph[{target!r}].y", changes)
    declared = stores.whole.get("num_classes")
    if declared is not None and declared != graph.num_classes:
        changes.note(f"graph.num_classes: {graph.num_classes} classes have nodes, not {declared}")
    if callable(split):
        split = split(target, node.y)
    masks = splits(store, target, int(node.num_nodes), split, changes)
    for mask, value in masks.items():
        node[mask] = value
    graph.target = target


def _settings(
    graph: MultimodalGraph,
    stores: Stores,
    name: str | None,
    source: Source | None,
    changes: Changes,
) -> None:
    whole = stores.whole
    given = whole.get("name")
    graph.name = name or (given if isinstance(given, str) and given else "mine")
    graph.source = source or ("simulated" if whole.get("source") == "simulated" else "real")
    for key in whole:
        if key not in SETTINGS:
            changes.note(f"graph.{key}: left out, since a graph keeps only {', '.join(SETTINGS)}")


def _tell_apart(graph: MultimodalGraph, changes: Changes) -> None:
    """Name unnamed features after their types where two widths would meet at a type without features."""
    try:
        check_completion(graph)
    except GraphError:
        for node_type in graph.node_types:
            x = graph[node_type].pop(FEATURE_PREFIX + FEATURES, None)
            if isinstance(x, torch.Tensor):
                modality = f"{node_type}_{FEATURES}"
                changes.note(
                    f"graph[{node_type!r}]: its modality is called {modality!r}, since features of several "
                    "widths meet at a type without any"
                )
                graph[node_type][FEATURE_PREFIX + modality] = x
