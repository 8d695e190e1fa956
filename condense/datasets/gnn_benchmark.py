"""Reads homogeneous graphs in the layout of gnn-benchmark (Shchur et al., 2018): CSR parts in a .npz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.typing import EdgeType

from condense.data.features import normalise_rows
from condense.data.graph import MultimodalGraph
from condense.datasets.arrays import read_archive, read_csr
from condense.errors import FileError


def read_graph(
    path: Path, owner: str, relation: EdgeType
) -> tuple[MultimodalGraph, NDArray[np.int64]]:
    """A graph with `x_text` and one symmetric relation, without splits, y and name; and its labels.

    Each edge is kept once in each direction, whichever the file has, and self-loops are dropped, as is
    usual for these graphs: models add the loops that they need. Features are row-normalised.

    Args:
        path: the file with adj_*, attr_* and labels.
        owner: the data set, for messages.
        relation: the name of the relation, from the node type to itself.

    Raises:
        FileError: the file is missing or damaged, or its parts disagree.
    """
    words = read_csr(path, owner, "attr").astype(np.float32).toarray()
    adjacency = read_csr(path, owner, "adj")
    labels, n = read_archive(path, owner, ["labels"])["labels"], len(words)
    fits = adjacency.shape == (n, n) and labels.shape == (n,) and labels.dtype.kind in "iu"
    if not fits or n == 0 or labels.min() < 0:
        raise FileError(
            f"{path} (got {n} rows of attributes, adjacency {adjacency.shape}, labels {labels.dtype} "
            f"{labels.shape}) must hold one label of 0 or more and one row and column per node; "
            f"put {owner}'s file there"
        )
    both = (adjacency + adjacency.T).tocoo()
    kept = (both.row != both.col) & (both.data != 0)
    edges = np.stack([both.row[kept], both.col[kept]]).astype(np.int64)

    graph = MultimodalGraph()
    node_type = relation[0]
    graph[node_type].num_nodes = n
    graph[node_type].x_text = normalise_rows(torch.from_numpy(words))
    graph[relation].edge_index = torch.from_numpy(edges)
    graph.target, graph.num_classes, graph.source = node_type, int(labels.max()) + 1, "real"
    return graph, labels.astype(np.int64)
