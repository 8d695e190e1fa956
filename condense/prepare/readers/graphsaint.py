"""Data sets in the layout of GraphSAINT (Zeng et al., ICLR 2020), such as Flickr and Reddit.

The layout is that of github.com/GraphSAINT/GraphSAINT, graphsaint/utils.py: adj_full.npz, feats.npy,
class_map.json and role.json. PyG's Flickr, Reddit2, AmazonProducts and Yelp download these files too.
adj_train.npz, the edges among training nodes, follows from the others. As in GraphSAINT, entries of
adj_full other than 0 count one edge each; its standardised features are left to the user.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from condense.data.graph import UNLABELLED
from condense.data.plain_json import parsed
from condense.data.pyg.stores import NODE
from condense.datasets.arrays import check_range, file_errors, read_adjacency, read_array
from condense.datasets.splits import mask_of
from condense.errors import FileError
from condense.prepare.raw import RawGraph

PARTS = {"train_mask": "tr", "val_mask": "va", "test_mask": "te"}


def recognises(source: Path) -> bool:
    """A folder with adj_full.npz and role.json."""
    return all(os.path.isfile(source / name) for name in ("adj_full.npz", "role.json"))


def read(source: Path) -> RawGraph:
    """The graph in a folder with adj_full.npz, feats.npy, class_map.json and role.json.

    Raises:
        FileError: a file is missing, damaged, or does not fit the others; several labels per node.
    """
    path = source / "feats.npy"
    x = read_array(path)
    if x.ndim != 2 or x.dtype.kind not in "biuf":
        raise FileError(
            f"{path} (got {x.dtype} {list(x.shape)}) must hold numbers [nodes, width]; convert it"
        )
    n = len(x)
    data = Data(x=torch.from_numpy(x.astype(np.float32, copy=False)))
    adjacency = read_adjacency(source / "adj_full.npz", n)
    weighted = not (adjacency.data == 1).all()
    entries = adjacency.tocoo()
    ends = np.stack([entries.row, entries.col]).astype(np.int64)
    data.edge_index = torch.from_numpy(ends[:, entries.data != 0])
    data.y = _classes(source / "class_map.json", n)
    for mask, rows in _masks(source / "role.json", n).items():
        data[mask] = rows
    notes = []
    if os.path.isfile(source / "adj_train.npz"):
        notes.append("adj_train.npz: left out, since it holds the edges among training nodes alone")
    if weighted:
        notes.append("adj_full.npz: each entry other than 0 is one edge without a weight")
    return RawGraph(data, notes=tuple(notes))


def _classes(path: Path, n: int) -> Tensor:
    """The class of each node [n], −1 where it has none, from node -> class or node -> 0/1 per class."""
    content = _document(path)
    nodes = np.array([_node(path, key) for key in content], np.int64)
    check_range(path, nodes, n, NODE)
    values = [_class(path, key, value) for key, value in content.items()]
    y = np.full(n, UNLABELLED)
    y[nodes] = values
    return torch.from_numpy(y)


def _node(path: Path, key: str) -> int:
    if not (key.isdecimal() and len(key) < 16):
        raise FileError(f"{path} (got {key[:40]!r}) must have numbers of nodes as keys; correct it")
    return int(key)


def _class(path: Path, node: str, value: Any) -> int:
    """The class in a number, or in a list of zeros and at most one 1, where no 1 is no class."""
    if isinstance(value, list) and all(each in (0, 1) for each in value):
        if sum(value) > 1:
            raise FileError(
                f"{path} (got {int(sum(value))} labels for node {node}) gives a node several labels; "
                "multi-label classification is not supported: keep one label per node"
            )
        return value.index(1) if sum(value) else UNLABELLED
    if _is_number(value) or (
        isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    ):
        return int(value)  # pyright: ignore[reportArgumentType]
    raise FileError(
        f"{path} (got {str(value)[:40]} for node {node}) must give each node a class, a whole number, or "
        "a list with a 0 or 1 for each class; correct it"
    )


def _masks(path: Path, n: int) -> dict[str, Tensor]:
    """train_mask, val_mask and test_mask, bool [n], from lists of node numbers."""
    content, masks = _document(path), {}
    for mask, part in PARTS.items():
        rows = content.get(part)
        if not isinstance(rows, list) or not all(map(_is_number, rows)):
            raise FileError(
                f"{path} must have a list of numbers of nodes under {part!r}; correct it"
            )
        numbers = np.array(rows, np.int64)
        masks[mask] = mask_of(path, numbers, n, NODE)
    return masks


def _is_number(value: object) -> bool:
    """Whether a value is a whole number that floats can hold too."""
    return type(value) is int and abs(value) < 2**53


def _document(path: Path) -> Mapping[str, Any]:
    with file_errors(path):
        content = parsed(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"a {type(content).__name__} where an object is expected")
        return content
