"""Sizes of what evaluating on a stored graph computes, before it is read."""

from __future__ import annotations

from condense.io.stored_graph import StoredGraph
from condense.out_of_core.fits import COPIES, SPARE
from condense.out_of_core.room import BASE
from condense.out_of_core.sizes import path_columns
from models.propagation.metapaths import endpoint, metapaths

HOPS = 2
"""Of the meta-path features that are reckoned with; models read two hops by default."""


def columns_of(stored: StoredGraph) -> tuple[int, dict[str, int]]:
    """Columns of all meta-path features together, as models read them, and of each type's own features."""
    own = path_columns(stored, 0, 1)[1]
    paths = metapaths(stored.schema.relations, stored.target, HOPS)
    return sum(own[endpoint(path, stored.target)] for path in paths), own


def bytes_to_evaluate(stored: StoredGraph) -> int:
    """About the peak memory of evaluating in memory: features in several units, edges, and the meta-path
    features of training and validation nodes with their gradients.
    """
    columns, own = columns_of(stored)
    features = 4 * COPIES * sum(stored.num_nodes[t] * width for t, width in own.items())
    paths = 12 * int((stored.train_mask | stored.val_mask).sum()) * columns
    return int(BASE + SPARE * (features + paths + 64 * sum(stored.edges.values())))


def disk_bytes(stored: StoredGraph, used: int) -> int:
    """About how much is written: sorted edges, features, and meta-path features by columns and by rows.

    Args:
        stored: a whole graph.
        used: target nodes whose meta-path features are kept.
    """
    columns, own = columns_of(stored)
    features = sum(stored.num_nodes[t] * width for t, width in own.items())
    return 24 * sum(stored.edges.values()) + 4 * features + 8 * used * columns
