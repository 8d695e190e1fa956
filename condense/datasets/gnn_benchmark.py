"""Reads homogeneous graphs in the layout of gnn-benchmark (Shchur et al., 2018): CSR parts in a .npz.

The layout is that of `load_npz_to_sparse_graph` in github.com/shchur/gnn-benchmark (adj_data, attr_data, …),
with the spellings of later projects: adj_matrix.data in GUST, and node_attr in GraphGallery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch_geometric.typing import EdgeType

from condense.data.features import normalise_rows
from condense.data.graph import MultimodalGraph
from condense.datasets.arrays import OWN, archive_keys, read_archive, read_csr
from condense.errors import FileError

ADJACENCY = ("adj", "adj_matrix")
ATTRIBUTES = ("attr", "attr_matrix", "node_attr")
LABELS = ("labels", "node_label", "node_labels")
SEPARATORS = ("_", ".")


Matrix = Any
"""A sparse matrix in CSR form, or an array."""


@dataclass(frozen=True)
class Parts:
    """The parts of a graph.

    Attributes:
        x: attributes [n, width].
        edges: each once in each direction, without self-loops, by source and destination [2, edges].
        labels: of the nodes, with n rows.
        keys: the file's arrays that are none of these.
    """

    x: Matrix
    edges: NDArray[np.int64]
    labels: Matrix
    keys: tuple[str, ...]


def read_graph(
    path: Path, owner: str, relation: EdgeType
) -> tuple[MultimodalGraph, NDArray[np.int64]]:
    """A graph with `x_text` and one symmetric relation, without splits, y and name; and its labels.

    Edges are those of `read_parts`. Features are row-normalised.

    Args:
        path: the file with adj_*, attr_* and labels.
        owner: the data set, for messages.
        relation: the name of the relation, from the node type to itself.

    Raises:
        FileError: the file is missing or damaged, or its parts disagree.
    """
    parts = read_parts(path, owner, dense=True)
    words = parts.x.astype(np.float32)
    words = words.toarray() if sp.issparse(words) else words
    labels = parts.labels
    if sp.issparse(labels) or labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise _unfit(path, owner, parts.x, labels)
    graph = MultimodalGraph()
    node_type = relation[0]
    graph[node_type].num_nodes = len(words)
    graph[node_type].x_text = normalise_rows(torch.from_numpy(words))
    graph[relation].edge_index = torch.from_numpy(parts.edges)
    graph.target, graph.num_classes, graph.source = node_type, int(labels.max()) + 1, "real"
    return graph, labels.astype(np.int64)


def read_parts(path: Path, owner: str, dense: bool) -> Parts:
    """The parts of a graph in one file.

    Each edge is kept once in each direction, whichever the file has, and self-loops are dropped, as is
    usual for these graphs: models add the loops that they need.

    Args:
        path: the file.
        owner: the source of the file, for messages; OWN for that of a user.
        dense: whether the attributes will be made dense; if so, they may not be too large for that.

    Raises:
        FileError: the file is missing or damaged, lacks a part, or its parts disagree.
    """
    keys = archive_keys(path, owner)
    x, used = _matrix(path, owner, keys, ATTRIBUTES, dense)
    adjacency, also = _matrix(path, owner, keys, ADJACENCY, False)
    labels, too = _matrix(path, owner, keys, LABELS, False)
    n = x.shape[0]
    if n == 0 or x.ndim != 2 or adjacency.shape != (n, n) or labels.shape[:1] != (n,):
        raise _unfit(path, owner, x, labels, f", adjacency {list(adjacency.shape)}")
    read = {*used, *also, *too}
    edges = undirected(sp.csr_matrix(adjacency))
    return Parts(x, edges, labels, tuple(key for key in keys if key not in read))


def undirected(adjacency: sp.csr_matrix) -> NDArray[np.int64]:
    """The edges of a square matrix, each once in each direction, without self-loops [2, edges]."""
    links = adjacency.astype(bool)
    both = (links + links.T).tocoo()
    kept = (both.row != both.col) & both.data
    row, column = both.row[kept], both.col[kept]
    order = np.lexsort((column, row))
    return np.stack([row[order], column[order]]).astype(np.int64)


def _matrix(
    path: Path, owner: str, keys: Sequence[str], names: Sequence[str], dense: bool
) -> tuple[Matrix, list[str]]:
    """The first of `names` that the file has, as CSR parts or as one array; and the keys that were read."""
    for name in names:
        for separator in SEPARATORS:
            if f"{name}{separator}data" in keys:
                start = f"{name}{separator}"
                parts = [f"{start}{part}" for part in ("data", "indices", "indptr", "shape")]
                return read_csr(path, owner, name, separator, dense), parts
        if name in keys:
            array = read_archive(path, owner, [name])[name]
            if array.ndim == 0 or array.dtype.kind not in "biuf":
                raise FileError(
                    f"{path} (got {name} of {array.dtype} {list(array.shape)}) must hold numbers, a row a "
                    "node; save it again"
                )
            return array, [name]
    raise FileError(
        f"{path} has no {names[0]} (got {', '.join(keys)}); "
        + (f"put {owner}'s file there" if owner != OWN else f"save it again with {names[0]}")
    )


def _unfit(
    path: Path,
    owner: str,
    x: Matrix,
    labels: Matrix,
    adjacency: str = "",
) -> FileError:
    remedy = f"put {owner}'s file there" if owner != OWN else "save all parts again from one graph"
    return FileError(
        f"{path} (got {x.shape[0]} rows of attributes{adjacency}, labels {labels.dtype} "
        f"{list(labels.shape)}) must hold one label of 0 or more and one row and column per node; {remedy}"
    )
