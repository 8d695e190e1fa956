"""Checks that a file which is about to be written holds no more than is read back."""

from __future__ import annotations

import torch

from condense.data.graph import MultimodalGraph
from condense.data.levels import in_eight_bits
from condense.data.spread.spread import spread_of
from condense.errors import GraphError
from condense.io.arrays import stored_dtype
from condense.io.limits import FREE, NODE, TIMES
from condense.io.scan import MEMBERS, TEXT
from condense.io.schema import NUM_NODES
from models.schema import FEATURE_PREFIX

ROOT = 16
"""At least as many groups and attributes as the root has of its own."""
PARTS = 4
"""Datasets and attributes in the group of a sparse matrix; one in eight bits has fewer."""


def check_fits(graph: MultimodalGraph, provenance: str) -> None:
    """Raise where the file would have more members, or a longer text, than the reader lists.

    Args:
        graph: to be written.
        provenance: JSON text, "" for a whole graph.

    Raises:
        GraphError: it would; the message says how many.
    """
    length = len(provenance.encode())
    if length > TEXT:
        rule = f"must be at most {TEXT:,} bytes of JSON, or no file could be read again"
        remedy = "keep fewer records of its history, settings and measures"
        raise GraphError.of("provenance", f"{length:,} bytes", rule, remedy)
    count = members(graph)
    if count > MEMBERS:
        arrays = sum(len(graph[key]) for key in (*graph.node_types, *graph.edge_types))
        got = (
            f"{len(graph.node_types):,} node types, {len(graph.edge_types):,} relations and {arrays:,} "
            "attributes of theirs"
        )
        rule = (
            f"takes {count:,} groups, datasets and attributes, and a file has at most {MEMBERS:,}"
        )
        remedy = "put several types or attributes together"
        raise GraphError.of("graph", got, rule, remedy)


def members(graph: MultimodalGraph) -> int:
    """How many groups, datasets and attributes the file has, or a few more.

    Each matrix of a graph in eight bits counts as a group, which it may not be.
    """
    narrow = in_eight_bits(graph)
    count = ROOT
    for key in (*graph.node_types, *graph.edge_types):
        # The group, its list of attributes and, of a node type, its number of nodes.
        count += 3 if isinstance(key, str) else 2
        for name, value in graph[key].items():
            if isinstance(value, torch.Tensor):
                grouped = narrow and name.startswith(FEATURE_PREFIX)
                count += 1 + (PARTS if grouped or value.layout == torch.sparse_csr else 0)
    if (spread := spread_of(graph)) is not None:
        count += 5 + len(dict(spread.arrays())) * (1 + (PARTS if narrow else 0))
    return count


def check_size(graph: MultimodalGraph, size: int) -> None:
    """Raise where a file of `size` bytes claims more than the reader allows it, since it compresses so well.

    Raises:
        GraphError: it does; the message names the largest array. Those in eight bits are not counted.
    """
    limit = FREE + TIMES * size
    if in_eight_bits(graph):
        return
    claimed = {
        (key, name): _nbytes(name, value)
        for key in (*graph.node_types, *graph.edge_types)
        for name, value in graph[key].items()
    }
    total = sum(claimed.values())
    if total > limit:
        key, name = max(claimed, key=lambda each: claimed[each])
        rule = (
            f"has arrays of {total:,} bytes in a file of {size:,}, and {limit:,} are read again: nearly all "
            "of their values are equal"
        )
        remedy = (
            "leave out columns that say nothing, or store features with few entries as sparse ones"
        )
        raise GraphError.of(f"graph[{key!r}].{name}", f"{claimed[key, name]:,} bytes", rule, remedy)


def _nbytes(name: str, value: object) -> int:
    """What the reader counts for an attribute, in bytes."""
    if not isinstance(value, torch.Tensor):
        return NODE * int(value) if name == NUM_NODES else 0  # pyright: ignore[reportArgumentType]
    if value.layout == torch.sparse_csr:
        parts = value.crow_indices(), value.col_indices(), value.values()
        return sum(part.numel() * part.element_size() for part in parts)
    return value.numel() * stored_dtype(name, value).itemsize
