"""Warnings about attributes of nodes and edges that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from condense.data.graph import SPLITS, MultimodalGraph
from models.schema import FEATURE_PREFIX, MASK_PREFIX, modality_names

READ = ("num_nodes", "y", "y_soft", "node_weight", "origin", *SPLITS)
"""Attributes of nodes that are read, besides features and their masks."""
BARE = ("x", "feat", "features")
"""Names under which other libraries keep features."""


def edge_attributes(graph: MultimodalGraph) -> Iterator[str]:
    """A sentence for each attribute of edges that is not read, with all relations that have it."""
    found: dict[tuple[str, str], list[str]] = {}
    for relation in graph.edge_types:
        for name, value in graph[relation].items():
            if name not in ("edge_index", "edge_weight"):
                one = isinstance(value, Tensor) and value.numel() == value.size(0)
                remedy = (
                    "if it is a weight, call it edge_weight (prepare --edge-weight does)"
                    if one
                    else "of its several numbers an edge, a weight must be one, called edge_weight"
                )
                found.setdefault((name, remedy), []).append(" / ".join(relation))
    for (name, remedy), relations in found.items():
        more = f" and {len(relations) - 1} more relations" if len(relations) > 1 else ""
        yield f"{name} of {relations[0]}{more} is read by nothing; {remedy}"


def node_attributes(graph: MultimodalGraph, node_type: str) -> Iterator[str]:
    """A sentence for each attribute of a node type that looks like features and has another name."""
    store = graph[node_type]
    for name, value in store.items():
        if name in READ or name.startswith((FEATURE_PREFIX, MASK_PREFIX)):
            continue
        if name in BARE or _is_matrix(value):
            without = (
                "" if modality_names(store) else ", and the type counts as one without features"
            )
            yield (
                f"{name} of {node_type!r} is not read as features{without}; call it "
                f"{FEATURE_PREFIX}<modality>, for example {FEATURE_PREFIX}text "
                f"(prepare --modalities text:{name} does)"
            )


def _is_matrix(value: object) -> bool:
    """Whether a value has several numbers, or one of any kind but whole, for each node."""
    if not isinstance(value, Tensor) or value.dim() != 2 or value.dtype == torch.bool:
        return False
    return value.is_floating_point() or value.size(1) > 1
