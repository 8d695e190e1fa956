"""Columns of categories as one-hot features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from condense.io.scratch import Scratch
from condense.prepare.tables.compute import most_frequent, nulls, places
from condense.prepare.tables.table_file import TableFile

MOST = 64
"""Values of a column that get a feature; their places fit into one byte."""
ROWS = 1 << 16
"""Rows that are written at a time."""


def category_features(
    file: TableFile, columns: Sequence[str], notes: list[str], scratch: Scratch
) -> tuple[Tensor, Tensor]:
    """The MOST most frequent values of each column as 0/1, float32 [n, width], and which rows have any [n].

    Values are in order of frequency, equal ones by the alphabet. Empty cells and other values are zero.

    Args:
        file: the table.
        columns: of categories.
        notes: which values are left out is added here.
        scratch: where the features are.

    Raises:
        FileError: a column has no value at all.
    """
    found, any_value, width = [], np.zeros(file.count, dtype=bool), 0
    for column in columns:
        table = file.table(column)
        values = table.strings(column)
        there = ~nulls(values)
        if not there.any():
            remedy = "take the column out of categories"
            raise table.wrong(column, ~there, "is empty in every row", remedy)
        kept, count = most_frequent(values, MOST)
        if count > MOST:
            notes.append(
                f"{file.path}: {column} has {count:,} values, of which the {MOST} most frequent are features"
            )
        found.append((width, places(values, kept).astype(np.int8)))
        any_value |= there
        width += len(kept)
    x = scratch.zeros((file.count, width), np.float32)
    for offset, place in found:
        for first in range(0, file.count, ROWS):
            some = place[first : first + ROWS]
            rows = np.flatnonzero(some >= 0)
            x[first + rows, offset + some[rows].astype(np.int64)] = 1
    return torch.from_numpy(x), torch.from_numpy(any_value)
