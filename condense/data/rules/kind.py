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
        GraphError: it is anything else, or has no target or number of classes.
    """
    check_kind(graph)
    assert isinstance(graph, HeteroData)
    for name, what in NEEDED.items():
        if name not in graph._global_store:
            remedy = f"set graph.{name} = …, or {CONVERT}"
            raise GraphError.of(f"graph.{name}", "nothing", f"must be set to {what}", remedy)
