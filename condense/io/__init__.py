"""One file format for whole and condensed graphs: HDF5, as described in docs/format.md."""

from condense.io.block_writer import save_blocks
from condense.io.read import data_digest, load, load_condensed, load_graph
from condense.io.stored_graph import StoredGraph, open_stored
from condense.io.write import save

__all__ = [
    "StoredGraph",
    "data_digest",
    "load",
    "load_condensed",
    "load_graph",
    "open_stored",
    "save",
    "save_blocks",
]
