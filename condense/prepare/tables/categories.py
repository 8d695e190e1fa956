"""Columns of categories as one-hot features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from condense.prepare.tables.compute import nulls, places, texts
from condense.prepare.tables.table import Table

MOST = 64
"""Values of a column that get a feature."""


def category_features(
    table: Table, columns: Sequence[str], notes: list[str]
) -> tuple[Tensor, Tensor]:
    """The MOST most frequent values of each column as 0/1, float32 [n, width], and which rows have any [n].

    Values are in order of frequency, equal ones by the alphabet. Empty cells and other values are zero.

    Args:
        table: the table.
        columns: of categories.
        notes: which values are left out is added here.

    Raises:
        FileError: a column has no value at all.
    """
    parts, any_value = [], np.zeros(table.count, dtype=bool)
    for column in columns:
        values = table.strings(column)
        there = ~nulls(values)
        if not there.any():
            remedy = "take the column out of categories"
            raise table.wrong(column, ~there, "is empty in every row", remedy)
        counts = values.drop_null().value_counts()
        names, times = counts.field("values").to_pylist(), counts.field("counts").to_pylist()
        order = sorted(zip(times, names, strict=True), key=lambda each: (-each[0], each[1]))
        ranked = [name for _, name in order]
        if len(ranked) > MOST:
            notes.append(
                f"{table.path}: {column} has {len(ranked):,} values, of which the {MOST} most frequent are "
                "features"
            )
        kept = texts(ranked[:MOST])
        place = places(values, kept)
        part = np.zeros((table.count, len(kept)), dtype=np.float32)
        rows = np.flatnonzero(place >= 0)
        part[rows, place[rows]] = 1
        parts.append(part)
        any_value |= there
    return torch.from_numpy(np.concatenate(parts, axis=1)), torch.from_numpy(any_value)
