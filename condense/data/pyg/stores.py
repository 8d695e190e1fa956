"""The attributes of a PyG graph by node type and relation, whichever class keeps them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch_geometric.data import Data, Dataset, HeteroData
from torch_geometric.typing import EdgeType

from condense.data.pyg.edges import STRUCTURE, WEIGHTS
from condense.data.pyg.features import BARE
from condense.data.pyg.labels import is_split
from condense.data.rules.check import SETTINGS
from condense.data.rules.names import KIND, check_name
from condense.errors import GraphError
from models.schema import FEATURE_PREFIX, MASK_PREFIX

NODE, LINK = "node", "links"
"""The names of the one type and the one relation of a `Data`, which have none."""


@dataclass(frozen=True)
class Stores:
    """Attributes as they were set.

    Attributes:
        nodes: of each node type.
        edges: of each relation.
        whole: of the graph itself.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    edges: Mapping[EdgeType, Mapping[str, Any]]
    whole: Mapping[str, Any]


def stores_of(data: object, target: str | None, edge_weight: str | None) -> Stores:
    """The attributes of `data`.

    Raises:
        GraphError: neither a `Data` nor a `HeteroData`, or a name that no graph can have.
    """
    if isinstance(data, HeteroData):
        # Not data[node_type], which is an attribute of the graph if there is one of this name.
        nodes = {node_type: dict(store.items()) for node_type, store in data.node_items()}
        for source, _, destination in data.edge_types:  # Types without attributes have no store.
            nodes.setdefault(source, {})
            nodes.setdefault(destination, {})
        edges = {relation: dict(store.items()) for relation, store in data.edge_items()}
        return _named(Stores(nodes, edges, dict(data._global_store.items())))
    if isinstance(data, Data):
        return _named(_of_one_type(data, target or NODE, edge_weight))
    remedy = "build one, or convert with torch_geometric.utils (from_networkx, from_dgl)"
    if isinstance(data, Dataset | list | tuple):
        remedy = "give one of its graphs, such as dataset[0]"
    raise GraphError.of("data", type(data).__name__, "must be a PyG Data or HeteroData", remedy)


def _named(stores: Stores) -> Stores:
    """The same `stores`, whose names obey the rule of names."""
    for node_type in stores.nodes:
        check_name(node_type, KIND)
    for part in itertools.chain(*stores.edges):
        check_name(part, KIND)
    for key, store in (*stores.nodes.items(), *stores.edges.items()):
        for name in store:
            check_name(name, f"an attribute of graph[{key!r}]")
    return stores


def _of_one_type(data: Data, node_type: str, edge_weight: str | None) -> Stores:
    """`Data` keeps everything in one place: names tell edges' attributes, then numbers of rows do."""
    nodes: dict[str, Any] = {}
    edges: dict[str, Any] = {}
    whole: dict[str, Any] = {}
    attributes = {key: value for key, value in data._store.items() if value is not None}
    count, links = _count(attributes), max(getattr(data.edge_index, "shape", None) or (0,))
    for key, value in attributes.items():
        rows = _rows(value)
        if key in STRUCTURE or key.startswith("edge_") or key == edge_weight:
            edges[key] = value
        elif key == "num_nodes" or _is_node_attribute(key):
            nodes[key] = value
        elif key in SETTINGS or rows is None:
            whole[key] = value
        else:
            on_edges = rows == links and (rows != count or key in WEIGHTS)
            (edges if on_edges else nodes)[key] = value
    relations = _by_type(edges, node_type) if edges else {}
    return Stores({node_type: nodes}, relations, whole)


def _by_type(edges: Mapping[str, Any], node_type: str) -> dict[EdgeType, Mapping[str, Any]]:
    """One relation, or one for each value of `edge_type`."""
    kinds = edges.get("edge_type")
    if not isinstance(kinds, torch.Tensor) or kinds.dim() != 1 or "edge_index" not in edges:
        return {(node_type, LINK, node_type): edges}
    rest = {key: torch.as_tensor(value) for key, value in edges.items() if key != "edge_type"}
    return {
        (node_type, f"type_{int(kind)}", node_type): {
            key: value[:, kinds == kind] if key == "edge_index" else value[kinds == kind]
            for key, value in rest.items()
        }
        for kind in torch.unique(kinds)
    }


def _count(attributes: Mapping[str, Any]) -> object:
    """The number of nodes, as far as a `Data` states it."""
    if "num_nodes" in attributes:
        return attributes["num_nodes"]
    return next((_rows(v) for key, v in attributes.items() if _is_node_attribute(key)), None)


def _is_node_attribute(key: str) -> bool:
    """Whether the name alone says that an attribute is one of nodes."""
    return key in ("y", *BARE) or key.startswith((FEATURE_PREFIX, MASK_PREFIX)) or is_split(key)


def _rows(value: object) -> int | None:
    """How many rows an array or a list has; None for what has none."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else None
    return len(value) if isinstance(value, list | tuple) else None
