"""The rule about types without features, which get those of their neighbours."""

from __future__ import annotations

from collections.abc import Mapping

from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from condense.errors import GraphError
from models.schema import FEATURE_PREFIX, GraphSchema


def check_completion(graph: MultimodalGraph) -> None:
    """Raise unless `condense.data.features.complete` can give each type without features its neighbours'.

    A modality that reaches such a type from two sides must have one width.

    Raises:
        GraphError: it has two.
    """
    schema = GraphSchema.of(graph)
    widths = {t: dict(m) for t, m in schema.modalities.items() if m}
    while reached := {
        node_type: received
        for node_type, relations in schema.relations_into.items()
        if node_type not in widths and (received := _received(node_type, relations, widths))
    }:
        widths |= reached


def _received(
    node_type: str, relations: tuple[EdgeType, ...], widths: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """Modality -> width that `node_type` gets over `relations` from the types whose `widths` are known."""
    received: dict[str, int] = {}
    for source, _, _ in relations:
        for modality, width in widths.get(source, {}).items():
            if received.setdefault(modality, width) != width:
                raise two_widths(source, modality, width, received[modality], node_type)
    return received


def two_widths(source: str, modality: str, width: int, other: int, node_type: str) -> GraphError:
    """The error of a modality that reaches `node_type` in two widths."""
    return GraphError.of(
        f"graph[{source!r}].{FEATURE_PREFIX}{modality}",
        f"width {width}",
        f"meets one of width {other} at type {node_type!r}, which has no features of its own",
        "rename one of the two modalities",
    )
