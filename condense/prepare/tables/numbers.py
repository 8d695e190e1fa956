"""Columns of numbers, as they are and standardised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.prepare.tables.compute import lowered, places, texts, without
from condense.prepare.tables.table import Table

MISSING = ("na", "n/a", "#n/a", "nan", "null", "none")
"""Besides an empty cell, in any case."""


def column_numbers(table: Table, column: str) -> NDArray[np.float64]:
    """A column as float64 [count], NaN where it is missing.

    Raises:
        FileError: a value is no finite number.
    """
    values = table.columns[column]
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        values = table.strings(column)
        values = without(values, places(lowered(values), texts(MISSING)) >= 0)
        try:
            values = values.cast(pa.float64())
        except pa.ArrowException:
            wrong = np.array([not _is_number(text) for text in values.to_pylist()])
            raise table.wrong(
                column, wrong, "must be a number", "correct it, or empty the cell", "cells"
            ) from None
    floats = values.cast(pa.float64(), safe=False).fill_null(np.nan)
    numbers = floats.to_numpy(zero_copy_only=False)
    if np.isinf(numbers).any():
        raise table.wrong(
            column, np.isinf(numbers), "must be finite", "correct it, or empty the cell", "cells"
        )
    return numbers


def _is_number(text: str | None) -> bool:
    try:
        pa.scalar(text, pa.large_string()).cast(pa.float64())
    except pa.ArrowException:
        return False
    return True


def number_features(table: Table, columns: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Columns side by side with mean 0 and deviation 1, float32 [n, k], and which rows have any [n].

    A missing cell is the mean of its column, and so is every cell of a column with one value; a row with
    none of the numbers is zero.

    Raises:
        FileError: a value is no finite number.
    """
    x = np.stack([column_numbers(table, column) for column in columns], axis=1)  # [n, k]
    known = ~np.isnan(x)
    count = np.maximum(known.sum(axis=0), 1)
    # Divided by the largest first, so that squares of huge numbers stay finite.
    x = np.where(known, x, 0)
    largest = np.abs(x).max(axis=0, initial=0)
    x = x / np.where(largest > 0, largest, 1)
    centred = np.where(known, x - x.sum(axis=0) / count, 0)
    deviation = np.sqrt(np.square(centred).sum(axis=0) / count)  # [k]
    # Equal numbers differ from their mean by rounding alone.
    x = centred / np.where(deviation > 1e-12, deviation, np.inf)
    return torch.from_numpy(x).float(), torch.from_numpy(known.any(axis=1))
