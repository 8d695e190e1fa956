"""Splits: node numbers of a public one as masks and labels, and random ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data.storage import NodeStorage

from condense.data.graph import UNLABELLED
from condense.datasets.arrays import check_range
from condense.errors import FileError

NAMES = ("train", "val", "test")


def set_splits(
    store: NodeStorage, labels: NDArray, rows: Mapping[str, NDArray], path: Path, what: str
) -> None:
    """Set `train_mask`, `val_mask`, `test_mask` and y of the target type.

    y is −1 on nodes outside the split: their labels are not part of the public task, so no method may
    learn from them.

    Args:
        store: the store of the target type.
        labels: the classes [n].
        rows: "train", "val" and "test" -> node numbers.
        path: the file of `rows`, for messages.
        what: the target type, for messages.

    Raises:
        FileError: a number is not that of a node.
    """
    inside = torch.zeros(len(labels), dtype=torch.bool)
    for name in NAMES:
        mask = mask_of(path, rows[name], len(labels), what)
        store[f"{name}_mask"] = mask
        inside |= mask
    y = torch.from_numpy(labels.astype(np.int64))
    store.y = torch.where(inside, y, torch.full_like(y, UNLABELLED))


def mask_of(where: Path | str, values: NDArray, n: int, what: str = "node") -> Tensor:
    """The nodes in a part of a split, bool [n], or [n, k] for k splits.

    Args:
        where: the file, and the part's name there, for messages.
        values: bool [n] or [n, k]; or numbers of nodes, counted from 0, [m], [1, m] or [m, 1].
        n: the number of nodes.
        what: their type, for messages.

    Raises:
        FileError: values of other shapes, or a number of no node.
    """
    if values.dtype == bool and values.ndim in (1, 2) and len(values) == n:
        return torch.from_numpy(np.array(values))
    flat = values.reshape(-1) if values.ndim == 1 or 1 in values.shape else values
    if flat.dtype.kind == "f" and np.isfinite(flat).all() and np.array_equal(flat, np.rint(flat)):
        flat = flat.astype(np.int64)
    if flat.ndim != 1 or flat.dtype.kind not in "iu":
        raise FileError(
            f"{where} (got {values.dtype} {list(values.shape)}) must hold numbers of {what}s, or a mask of "
            f"{n}; save it again"
        )
    check_range(where, flat, n, what)
    mask = torch.zeros(n, dtype=torch.bool)
    mask[torch.from_numpy(flat.astype(np.int64))] = True
    return mask


def draw_counts(labels: NDArray, train: int, val: int, seed: int = 0) -> dict[str, NDArray]:
    """`train` and `val` random nodes of each class, and the rest for testing; one seed gives one split.

    Nodes with the label −1 are in no part.
    """
    rng = _generator(seed)
    shuffled = [rng.permutation(np.flatnonzero(labels == c)) for c in range(labels.max() + 1)]
    cuts = {
        "train": slice(train),
        "val": slice(train, train + val),
        "test": slice(train + val, None),
    }
    return {split: np.concatenate([c[cut] for c in shuffled]) for split, cut in cuts.items()}


def draw_shares(labels: NDArray, train: float, val: float, seed: int = 0) -> dict[str, NDArray]:
    """The shares `train` and `val` of all labelled nodes at random, whatever their class, and the rest."""
    order = _generator(seed).permutation(np.flatnonzero(labels >= 0))
    ends = [round(train * len(order)), round((train + val) * len(order))]
    return dict(zip(NAMES, np.split(order, ends), strict=True))


def _generator(seed: int) -> np.random.Generator:
    # The bit generator is explicit, because a later numpy may change that of `default_rng`.
    return np.random.Generator(np.random.PCG64(seed))
