"""The first rule: what is given is a heterogeneous graph with a target."""

from __future__ import annotations

import os

from torch_geometric.data import HeteroData

from condense.errors import GraphError

CONVERT = "convert it with condense.data.from_pyg(data)"
NEEDED = {
    "target": "the node type that is classified",
    "num_classes": "the number of classes",
}


def check_kind(graph: object) -> None:
    """Raise unless `graph` is a `HeteroData`, of which `MultimodalGraph` is one kind.

    Raises:
        GraphError: it is anything else; the message names the call that converts it.
    """
    if not isinstance(graph, HeteroData):
        kind = type(graph).__name__
        inner = getattr(graph, "graph", None)
        remedy = "give its .graph" if isinstance(inner, HeteroData) else CONVERT
        if isinstance(graph, str | os.PathLike):
            remedy = "load it with condense.io.load_graph(path)"
        raise GraphError.of("graph", kind, "must be a MultimodalGraph", remedy)


def check_target(graph: object) -> None:
    """Raise unless `graph` is a `HeteroData` with what functions read before they check the rest.

    Raises:
        GraphError: it is anything else, has no target or number of classes, or hides a node type.
    """
    check_kind(graph)
    assert isinstance(graph, HeteroData)
    _check_none_is_hidden(graph)
    for name, what in NEEDED.items():
        if name not in graph._global_store:
            remedy = f"set graph.{name} = …, or {CONVERT}"
            raise GraphError.of(f"graph.{name}", "nothing", f"must be set to {what}", remedy)


def _check_none_is_hidden(graph: HeteroData) -> None:
    """Raise if a plain `HeteroData` has a node type and an attribute of one name, of which PyG sees one.

    `MultimodalGraph` does: graph["target"] is the type there, and graph.target the attribute.
    """
    if type(graph).__getitem__ is not HeteroData.__getitem__:
        return
    ends = [end for relation in graph.edge_types for end in (relation[0], relation[2])]
    for name in (*graph.node_types, *ends):
        if name in graph._global_store:
            got = type(graph._global_store[name]).__name__
            rule = "must be the node type of that name, which a plain HeteroData hides behind its attribute"
            raise GraphError.of(f"graph[{name!r}]", got, rule, CONVERT)
