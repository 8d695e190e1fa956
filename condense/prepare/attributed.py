"""A networkx graph, whose nodes and edges have attributes, in arrays.

A node's `type` is its node type; `y`, `class` or `label` its class; `split` its part of the split. Numbers
are the columns of one modality, and lists of numbers are a modality each. An edge's `type`, `relation` or
`key` is its relation, and `weight` its weight. An edge without direction leads both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import torch
from torch_geometric.data import Data, HeteroData

from condense.data.pyg.stores import LINK, NODE
from condense.errors import FileError
from condense.prepare.node_attributes import arrays_of
from condense.prepare.raw import RawGraph

TYPE = "type"
RELATION = ("type", "relation", "key")
UNREAD = ("id", "viz")
"""Attributes that file formats add, of which nothing is said."""

Ends = tuple[str, str, str]


def raw_graph(graph: nx.Graph, path: Path) -> RawGraph:
    """The nodes of each type in the graph's order, and the edges of each relation by source and destination.

    Args:
        graph: directed or not, and with parallel edges or without.
        path: its file, for messages.

    Raises:
        FileError: an attribute has no one meaning, such as a split called "training".
    """
    default = graph.graph.get("node_default", {})
    attributes = {node: {**default, **given} for node, given in graph.nodes(data=True)}
    if not attributes:
        raise FileError(f"{path} (got no nodes) must hold a graph; save it again")
    types = {node: _name(path, node, given.get(TYPE, NODE)) for node, given in attributes.items()}
    numbers: dict[str, dict[Any, int]] = {}
    for node, kind in types.items():
        numbers.setdefault(kind, {})[node] = len(numbers.get(kind, ()))
    notes: list[str] = []
    relations = _relations(graph, path, types, numbers, notes)
    plain = list(numbers) == [NODE] and relations.keys() <= {(NODE, LINK, NODE)}
    data = Data(edge_index=torch.zeros(2, 0, dtype=torch.long)) if plain else HeteroData()
    for kind, nodes in numbers.items():
        rows = {
            node: {k: v for k, v in attributes[node].items() if k not in (TYPE, *UNREAD)}
            for node in nodes
        }
        store = data if isinstance(data, Data) else data[kind]
        store["num_nodes"] = len(nodes)
        for key, value in arrays_of(path, kind, rows, notes).items():
            store[key] = value
    for relation, arrays in relations.items():
        store = data if isinstance(data, Data) else data[relation]
        for key, value in arrays.items():
            store[key] = torch.from_numpy(value)
    return RawGraph(
        data,
        notes=tuple(dict.fromkeys(notes)),
        ids=lambda name: list(map(str, numbers[NODE if plain else name])),
    )


def _name(path: Path, where: object, value: object) -> str:
    """The name of a type or relation."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise FileError(
            f"{path}: type of {where!r} (got {value!r}) must be a name; set it or leave it out"
        )
    return str(value)


def _relations(
    graph: nx.Graph,
    path: Path,
    types: Mapping[Any, str],
    numbers: Mapping[str, Mapping[Any, int]],
    notes: list[str],
) -> dict[Ends, dict[str, np.ndarray]]:
    """The edges of each relation, and their weights where any has one."""
    default = graph.graph.get("edge_default", {})
    found: dict[Ends, list[tuple[int, int, float | None]]] = {}
    unread: set[str] = set()
    for source, destination, *key, given in _edges(graph):
        attributes = {**default, **given}
        if key and isinstance(key[0], str) and graph.graph.get("keys_are_relations"):
            attributes.setdefault("key", key[0])
        word = next((name for name in RELATION if attributes.get(name) not in (None, "")), None)
        edge = (source, destination)
        name = LINK if word is None else _name(path, edge, attributes[word])
        weight = attributes.get("weight")
        if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int | float)):
            raise FileError(
                f"{path}: weight of {edge!r} (got {weight!r}) must be a number; correct it"
            )
        unread |= attributes.keys() - {word, "weight", *UNREAD}
        ways = [edge] if graph.is_directed() or source == destination else [edge, edge[::-1]]
        for a, b in ways:
            row = numbers[types[a]][a], numbers[types[b]][b], weight
            found.setdefault((types[a], name, types[b]), []).append(row)
    if unread:
        notes.append(
            f"attributes {', '.join(sorted(unread))} of edges: left out, since no model reads them"
        )
    return {relation: _sorted(relation, rows, notes) for relation, rows in found.items()}


def _edges(graph: Any) -> Any:
    return graph.edges(keys=True, data=True) if graph.is_multigraph() else graph.edges(data=True)


def _sorted(
    relation: Ends, rows: list[tuple[int, int, float | None]], notes: list[str]
) -> dict[str, np.ndarray]:
    """edge_index [2, e] by source and destination, and edge_weight [e] where an edge has one."""
    ends = np.array([row[:2] for row in rows], dtype=np.int64).T
    order = np.lexsort(ends[::-1])
    arrays = {"edge_index": ends[:, order]}
    weights = [row[2] for row in rows]
    if any(weight is not None for weight in weights):
        if missing := sum(weight is None for weight in weights):
            notes.append(f"{' / '.join(relation)}: {missing} edges without a weight have 1")
        filled = np.array([1.0 if weight is None else weight for weight in weights])
        arrays["edge_weight"] = filled[order]
    return arrays
