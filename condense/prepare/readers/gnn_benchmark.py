"""Graphs in the layout of gnn-benchmark (Shchur et al., 2018): CSR parts and labels in one .npz.

Photo, Computers, CS, Physics and Cora ML are published so; `condense.datasets.gnn_benchmark` says where the
layout comes from. Pickled objects, which many of these files hold for names, are not read.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from torch_geometric.data import Data

from condense.data.pyg.labels import SPELLINGS
from condense.datasets.arrays import OWN, read_archive
from condense.datasets.gnn_benchmark import ADJACENCY, SEPARATORS, read_parts
from condense.datasets.splits import mask_of
from condense.errors import FileError
from condense.prepare.raw import RawGraph

CONVERT = (
    "import numpy as np\n"
    "d = np.load('{0}', allow_pickle=True)\n"
    "a, x = d['adj_matrix'].item().tocsr(), d['node_attr']\n"
    "np.savez('{0}', adj_data=a.data, adj_indices=a.indices, adj_indptr=a.indptr, adj_shape=a.shape,\n"
    "         attr_matrix=x.item().toarray() if x.dtype == object else x, labels=d['node_label'])"
)


def recognises(source: Path) -> bool:
    """A .npz file with an adjacency matrix."""
    if not source.is_file() or source.suffix.lower() != ".npz":
        return False
    try:
        with zipfile.ZipFile(source) as archive:
            keys = {name.removesuffix(".npy") for name in archive.namelist()}
    except Exception:  # A damaged archive may raise anything in zipfile.
        return False
    parts = (f"{name}{separator}indptr" for name in ADJACENCY for separator in SEPARATORS)
    return not keys.isdisjoint((*parts, "adj_matrix"))


def read(source: Path) -> RawGraph:
    """The graph in a .npz file, with both directions of each edge and without self-loops.

    Raises:
        FileError: the file is damaged, holds pickled matrices, lacks a part, or its parts disagree.
    """
    try:
        parts = read_parts(source, OWN, dense=False)
    except FileError as error:
        if "Object arrays" not in str(error):
            raise
        raise FileError(
            f"{source} holds its matrices as pickled objects, which are never read; if you trust the file, "
            f"convert it once:\n{CONVERT.format(source.name)}"
        ) from None
    data = Data(edge_index=torch.from_numpy(parts.edges))
    data["x"], data["y"] = parts.x, parts.labels
    left = list(parts.keys)
    for mask, spellings in SPELLINGS.items():
        key = next((spelling for spelling in spellings if spelling in left), None)
        if key is not None:
            rows = read_archive(source, OWN, [key])[key]
            data[mask] = mask_of(f"{source}: {key}", rows, parts.x.shape[0])
            left.remove(key)
    unread = f"{', '.join(left)}: left out, since names and other arrays are no part of a graph"
    return RawGraph(data, notes=(unread,) if left else ())
