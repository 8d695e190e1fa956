"""Columns of numbers, as they are and standardised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.io.scratch import Scratch
from condense.prepare.tables.compute import lowered, places, texts, without
from condense.prepare.tables.table import Table
from condense.prepare.tables.table_file import TableFile

ROWS = 1 << 16
"""Rows that are worked on at a time."""
MISSING = ("na", "n/a", "#n/a", "nan", "null", "none")
"""Besides an empty cell, in any case."""
NO_NUMBER = "must be a number", "correct it, or empty the cell"
INFINITE = "must be finite", "correct it, or empty the cell"
"""Rules and remedies."""


def column_numbers(table: Table, column: str) -> NDArray[np.float64]:
    """A column as float64 [count], NaN where it is missing.

    Raises:
        FileError: a value is no finite number.
    """
    numbers, unreadable = parsed_numbers(table, column)
    for wrong, (rule, remedy) in ((unreadable, NO_NUMBER), (np.isinf(numbers), INFINITE)):
        if wrong.any():
            raise table.wrong(column, wrong, rule, remedy, "cells")
    return numbers


def parsed_numbers(table: Table, column: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column as float64 [count], NaN where it is missing or no number; and where it is no number."""
    values, unreadable = table.columns[column], np.zeros(table.count, dtype=bool)
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        values = table.strings(column)
        values = without(values, places(lowered(values), texts(MISSING)) >= 0)
        try:
            values = values.cast(pa.float64())
        except pa.ArrowException:
            unreadable = np.array([not _is_number(text) for text in values.to_pylist()])
            values = without(values, unreadable).cast(pa.float64())
    floats = values.cast(pa.float64(), safe=False).fill_null(np.nan)
    return floats.to_numpy(zero_copy_only=False), unreadable


def _is_number(text: str | None) -> bool:
    try:
        pa.scalar(text, pa.large_string()).cast(pa.float64())
    except pa.ArrowException:
        return False
    return True


def number_features(
    file: TableFile, columns: Sequence[str], scratch: Scratch
) -> tuple[Tensor, Tensor]:
    """Columns side by side with mean 0 and deviation 1, float32 [n, k], and which rows have any [n].

    A missing cell is the mean of its column, and so is every cell of a column with one value; a row with
    none of the numbers is zero. One column is in memory at a time.

    Raises:
        FileError: a value is no finite number.
    """
    any_known = np.zeros(file.count, dtype=bool)
    parts = scratch.zeros((len(columns), file.count), np.float32)
    for part, column in zip(parts, columns, strict=True):
        x = column_numbers(file.table(column), column)
        any_known |= ~np.isnan(x)
        part[:] = _standardised(x, pairwise=len(columns) == 1)
    whole = scratch.zeros((file.count, len(columns)), np.float32)
    for first in range(0, file.count, ROWS):
        rows = slice(first, first + ROWS)
        whole[rows] = parts[:, rows].T
    return torch.from_numpy(whole), torch.from_numpy(any_known)


def _standardised(x: NDArray[np.float64], pairwise: bool) -> NDArray[np.float64]:
    """X [n] with mean 0 and deviation 1, and 0 where it is NaN; see `_sum`."""
    known = ~np.isnan(x)
    count = max(int(known.sum()), 1)
    # Divided by the largest first, so that squares of huge numbers stay finite.
    x = np.where(known, x, 0)
    largest = np.abs(x).max(initial=0)
    x /= largest if largest > 0 else 1
    x -= _sum(x, pairwise) / count
    x[~known] = 0
    deviation = np.sqrt(_sum(np.square(x), pairwise) / count)
    # Equal numbers differ from their mean by rounding alone.
    x /= deviation if deviation > 1e-12 else np.inf
    return x


def _sum(x: NDArray[np.float64], pairwise: bool) -> float:
    """Σ x, pairwise or from the first to the last.

    These are numpy's orders of one column, and of columns that lie side by side, which decide the last digit.
    """
    if pairwise:
        return float(x.sum())
    total = 0.0
    for first in range(0, len(x), ROWS):
        total = float(np.add.accumulate(np.append(total, x[first : first + ROWS]))[-1])
    return total
