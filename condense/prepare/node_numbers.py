"""A part of a split, as masks or node numbers in a file, checked and made a mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.errors import FileError


def split_mask(path: Path, key: str, values: NDArray, n: int) -> Tensor:
    """The nodes in a part of a split, bool [n], or [n, k] for k splits.

    Args:
        path: the file, for messages.
        key: the part's name there.
        values: bool [n] or [n, k]; or numbers of nodes, counted from 0, [m], [1, m] or [m, 1].
        n: the number of nodes.

    Raises:
        FileError: values of other shapes, or a number of no node.
    """
    if values.dtype == bool and values.ndim in (1, 2) and len(values) == n:
        return torch.from_numpy(np.array(values))
    flat = values.reshape(-1) if values.ndim == 1 or 1 in values.shape else values
    whole = flat.dtype.kind in "iu" or (
        flat.dtype.kind == "f" and np.isfinite(flat).all() and np.array_equal(flat, np.rint(flat))
    )
    if flat.ndim != 1 or not whole:
        raise FileError(
            f"{path}: {key} (got {values.dtype} {list(values.shape)}) must hold numbers of nodes, or a mask "
            f"of {n}; save it again"
        )
    outside = (flat < 0) | (flat >= n)
    if outside.any():
        raise FileError(
            f"{path}: {key} (got {int(flat[outside][0])}) must hold numbers of nodes, 0 … {n - 1}; count the "
            "nodes from 0, in the order of their features"
        )
    mask = torch.zeros(n, dtype=torch.bool)
    mask[torch.from_numpy(flat.astype(np.int64))] = True
    return mask
