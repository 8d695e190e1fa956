"""The rule of names: any text but the empty one, as long as UTF-8 can hold it."""

from __future__ import annotations

from collections.abc import Iterator

from condense.data.graph import MultimodalGraph
from condense.errors import GraphError
from models.schema import FEATURE_PREFIX

KIND = "a type or relation"


def check_names(graph: MultimodalGraph) -> None:
    """Raise unless all types, relations, attributes and modalities have names that a file can hold.

    Raises:
        GraphError: see `check_name`.
    """
    for name, what in _names(graph):
        check_name(name, what)


def check_name(name: object, what: str) -> None:
    """Raise unless `name` is text, not empty, and of characters that UTF-8 has.

    Args:
        name: of any type.
        what: that it names, for the message.

    Raises:
        GraphError: it is not; the message says what to do.
    """
    where = f"the name {name!r} of {what}"
    if not isinstance(name, str):
        rule, remedy = "must be text", f"rename it, for example to {str(name)!r}"
        raise GraphError.of(where, type(name).__name__, rule, remedy)
    if not name:
        raise GraphError(f"{where} must be non-empty text; rename it")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        half = name[error.start]
        rule = "is half of a surrogate pair: a name must be Unicode text that UTF-8 can hold"
        raise GraphError.of(
            where, repr(half), rule, "rename it, or read it with the right encoding"
        ) from None


def _names(graph: MultimodalGraph) -> Iterator[tuple[object, str]]:
    """All names, each with what it names."""
    for node_type in graph.node_types:
        yield node_type, KIND
    for relation in graph.edge_types:
        for part in relation:
            yield part, KIND
    for key in (*graph.node_types, *graph.edge_types):
        for name in graph[key]:
            if isinstance(name, str) and name.startswith(FEATURE_PREFIX):
                yield name.removeprefix(FEATURE_PREFIX), f"a modality of graph[{key!r}]"
            yield name, f"an attribute of graph[{key!r}]"
