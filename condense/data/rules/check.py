"""Checks the rules of `MultimodalGraph` after loading and before saving.

Unlike PyG's `validate`, it rejects a feature matrix with the wrong number of rows.
"""

from __future__ import annotations

from typing import Literal

from condense.data.graph import MultimodalGraph
from condense.data.levels import EIGHT_BITS
from condense.data.rules.completion import check_completion
from condense.data.rules.edges import check_edges
from condense.data.rules.kind import CONVERT, check_target
from condense.data.rules.labels import check_condensed, check_labels, check_splits
from condense.data.rules.limits import MOST_CLASSES
from condense.data.rules.names import check_names
from condense.data.rules.nodes import check_nodes, is_whole_number
from condense.data.rules.spread import check_spread
from condense.data.spread.spread import SPREAD
from condense.errors import GraphError
from models.choices import nearest
from models.schema import modality_names

Kind = Literal["whole", "condensed"]
SETTINGS = {
    "target": "the node type that is classified",
    "num_classes": "the number of classes",
    "name": "the data set's name",
    "source": "'real' or 'simulated'",
}
"""The graph's own attributes, besides those of nodes and edges."""
CONDENSED_ONLY = (SPREAD, EIGHT_BITS)
"""Attributes that a condensed graph may have as well."""


def check(graph: MultimodalGraph, kind: Kind = "whole") -> None:
    """Raise unless `graph` obeys every rule of the data type.

    Args:
        graph: as described by `MultimodalGraph`.
        kind: a whole graph needs three splits and a training node in each class, and has no soft
            labels; in a condensed graph every target node is labelled and used for training.

    Of features and edges on torch's meta device, which have no values, the type and shape alone are checked;
    see `condense.data.rules.values`.

    Raises:
        GraphError: a rule is broken; the message names type, attribute, value and remedy.
    """
    check_target(graph)
    _check_keys(graph, kind)
    check_names(graph)
    _check_settings(graph)
    for node_type in graph.node_types:
        check_nodes(graph, node_type)
    for relation in graph.edge_types:
        check_edges(graph, relation)
    check_labels(graph)
    if kind == "whole":
        check_splits(graph)
        check_completion(graph)
    else:
        check_condensed(graph)
        check_spread(graph)


def _check_keys(graph: MultimodalGraph, kind: Kind) -> None:
    """Raise unless the graph's own attributes are SETTINGS and, perhaps, those of a condensed one."""
    store = graph._global_store
    for key, rule in SETTINGS.items():
        if key not in store:
            remedy = f"set graph.{key} = …, or {CONVERT}"
            raise GraphError.of(f"graph.{key}", "nothing", f"must be set to {rule}", remedy)
    for key in store:
        if key in CONDENSED_ONLY and kind == "whole":
            rule, remedy = "belongs to condensed graphs", "delete it"
            raise GraphError.of(f"graph.{key}", type(store[key]).__name__, rule, remedy)
        if key not in SETTINGS and key not in CONDENSED_ONLY:
            rule = f"is not an attribute of a graph or a file: both keep only {', '.join(SETTINGS)}"
            remedy = "delete it, or attach it to a node type"
            raise GraphError.of(f"graph.{key}", type(store[key]).__name__, rule, remedy)


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _check_settings(graph: MultimodalGraph) -> None:
    name, source, target, classes = graph.name, graph.source, graph.target, graph.num_classes
    if not isinstance(name, str) or not name or "\0" in name or not _is_unicode(name):
        rule = "must be a non-empty string without NUL"
        raise GraphError.of("graph.name", repr(name), rule, "set graph.name to the data set's name")
    if source not in ("real", "simulated"):
        rule = "must be 'real' or 'simulated'"
        raise GraphError.of("graph.source", repr(source), rule, "set graph.source to one of them")
    if target not in graph.node_types:
        remedy = nearest(str(target), graph.node_types)
        raise GraphError.of("graph.target", repr(target), "is not a node type of the graph", remedy)
    if not is_whole_number(classes) or classes < 2:
        rule = "must be an integer of at least 2"
        remedy = "set it to int(y.max()) + 1 or more"
        raise GraphError.of("graph.num_classes", repr(classes), rule, remedy)
    if classes > MOST_CLASSES:
        remedy = "set it to int(y.max()) + 1"
        rule = f"must be at most {MOST_CLASSES:,}"
        raise GraphError.of("graph.num_classes", f"{classes:,}", rule, remedy)
    if not modality_names(graph[target]):
        where = f"target type {target!r}"
        remedy = f"give it features, graph[{target!r}].x_<modality>, for example x_text"
        raise GraphError.of(where, "no x_<modality>", "needs at least one modality", remedy)
