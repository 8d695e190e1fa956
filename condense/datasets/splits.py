"""Converts the node numbers of a public split to masks and labels."""

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
