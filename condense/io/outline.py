"""The outline of a graph in a file: its small arrays, and the types and shapes of the others."""

from __future__ import annotations

from typing import Any

from condense.data.fingerprint import DTYPES, Digest
from condense.data.graph import SPLITS, MultimodalGraph
from condense.data.rules.values import absent
from condense.errors import FileError
from condense.io.arrays import graph_dtype, read_array
from condense.io.contents import Contents
from condense.io.members import OpenFile
from condense.io.names import decoded
from condense.io.sparse import StoredSparse
from condense.io.stored import StoredArray
from models.schema import MASK_PREFIX

SMALL = ("y", "y_soft", "node_weight", "origin", *SPLITS)
"""Arrays of node types that an outline has, besides the masks of modalities."""


def is_small(name: str) -> bool:
    """Whether an outline has the array `name` of a node type in memory."""
    return name in SMALL or name.startswith(MASK_PREFIX)


def outline_of(file: OpenFile, contents: Contents) -> MultimodalGraph:
    """The graph in a file, with tensors on the meta device, without values, for features and edges.

    Nothing of it is checked or compared with the checksum. Test labels are not hidden.

    Raises:
        FileError: the graph is not one that can be read in blocks.
    """
    header, graph = contents.header, MultimodalGraph()
    for store in contents.stores:
        if store.num_nodes is not None:
            graph[store.key].num_nodes = store.num_nodes
    for (key, attribute), array in dense_arrays(contents).items():
        if isinstance(key, str) and is_small(attribute):
            graph[key][attribute] = read_array(file, array, attribute, Digest())
        else:
            dtype = DTYPES[graph_dtype(attribute, array)]
            graph[key][attribute] = absent(array.shape or (), dtype)
    graph.target, graph.num_classes = decoded(header.target, header.version), header.num_classes
    graph.name, graph.source = header.name, header.source
    return graph


def dense_arrays(contents: Contents) -> dict[tuple[Any, str], StoredArray]:
    """(node type or relation, attribute) -> its array, in the order of the file.

    Raises:
        FileError: it is a condensed graph, or one that has sparse features or features in eight bits.
    """
    if contents.header.kind != "whole":
        raise FileError(
            "it holds a condensed graph, which is not read in blocks; use condense.io.load_condensed"
        )
    arrays: dict[tuple[Any, str], StoredArray] = {}
    for store in contents.stores:
        for name, array in store.arrays.items():
            attribute = decoded(name, contents.header.version)
            if not isinstance(array, StoredArray):
                form = "sparse" if isinstance(array, StoredSparse) else "in eight bits"
                raise FileError(
                    f"graph[{store.key!r}].{attribute} (got features that are {form}) must be dense to be "
                    "read in blocks; read the graph into memory with condense.io.load_graph, or save it with "
                    "dense features"
                )
            arrays[store.key, attribute] = array
    return arrays
