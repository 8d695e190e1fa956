"""Whether a stored graph is condensed in memory: an estimate of the peak from its sizes."""

from __future__ import annotations

from condense.io.stored_graph import StoredGraph
from condense.out_of_core.room import BASE
from condense.out_of_core.sizes import path_columns

COPIES = 4
"""Of the features: those of the file, completed, scaled and reduced ones."""
SPARE = 1.3


def bytes_in_memory(stored: StoredGraph, hops: int, rank: int | None = None) -> int:
    """About the peak memory of condensing a graph in memory, or of training on it.

    Checked on amazon1 (2.5 GiB, estimated 3.1) and Debian (3.9, estimated 3.8).

    Args:
        stored: a whole graph.
        hops: the longest meta-path.
        rank: most coordinates of a modality on a meta-path; all by default.
    """
    columns, features = path_columns(stored, hops, rank)
    target = stored.num_nodes[stored.target]
    labelled = int((stored.train_mask | stored.val_mask).sum())
    paths = 6 * labelled * columns
    coordinates = 12 * target * (features[stored.target] + 256)
    own = 4 * COPIES * sum(stored.num_nodes[t] * width for t, width in features.items())
    edges = 64 * sum(stored.edges.values())
    return int(BASE + SPARE * (own + paths + coordinates + edges))
