"""Several splits in the files of one data set as the columns of masks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.datasets.splits import NAMES, mask_of

Rows = Mapping[str, tuple[Path, NDArray]]
"""Part of a split -> its file, for messages, and the numbers of its nodes, or its mask."""


def masks_of(
    splits: Mapping[str, Rows], n: int, what: str
) -> tuple[dict[str, Tensor] | None, tuple[str, ...]]:
    """The masks bool [n], or [n, splits] of several; and the names of those.

    Args:
        splits: name -> parts; the first is the default.
        n: the number of target nodes.
        what: their type, for messages.

    Raises:
        FileError: a number is not that of a node.
    """
    if not splits:
        return None, ()
    masks = {part: torch.zeros(n, len(splits), dtype=torch.bool) for part in NAMES}
    for column, rows in enumerate(splits.values()):
        for part, (path, numbers) in rows.items():
            masks[part][:, column] = mask_of(path, numbers, n, what)
    if len(splits) == 1:
        return {part: mask[:, 0] for part, mask in masks.items()}, ()
    return masks, tuple(splits)
