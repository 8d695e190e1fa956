"""Splits: node numbers of a public one converted to masks and labels, and random ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data.storage import NodeStorage

from condense.data.graph import UNLABELLED
from condense.datasets.arrays import check_range

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
    n = len(labels)
    inside = torch.zeros(n, dtype=torch.bool)
    for name in NAMES:
        check_range(path, rows[name], n, what)
        mask = torch.zeros(n, dtype=torch.bool)
        mask[torch.from_numpy(rows[name].astype(np.int64))] = True
        store[f"{name}_mask"] = mask
        inside |= mask
    y = torch.from_numpy(labels.astype(np.int64))
    store.y = torch.where(inside, y, torch.full_like(y, UNLABELLED))


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
