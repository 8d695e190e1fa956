"""Columns of classes as labels 0 … C−1, and a column of words as a split."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from condense.data.graph import UNLABELLED
from condense.prepare.tables.compute import lowered, nulls, places, texts
from condense.prepare.tables.table import Table, shortened

WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""How files spell the parts of a split, in any case."""
PARTS = ("train", "val", "test")


def class_labels(table: Table, column: str, notes: list[str]) -> Tensor:
    """The labels, long [n], −1 where a cell is empty.

    Classes are numbered in the order of their names: whole numbers by size, strings by the alphabet.

    Args:
        table: the table.
        column: of classes.
        notes: the classes' names and the number of empty cells are added here.

    Raises:
        FileError: there are no two classes, or they are numbers with a fraction.
    """
    values = table.strings(column)
    names = values.drop_null().unique()
    unlabelled = nulls(values)
    if not len(names):
        raise table.wrong(column, unlabelled, "has no class in any row", "name another column")
    spelt = names.to_pylist()
    numbers = _whole_numbers(table, column, values, names)
    if numbers is None:
        order = sorted(spelt)
    else:
        spelt = [str(number) for number in numbers]  # 7 and 7.0 are one class.
        order = [str(number) for number in sorted(set(numbers))]
    if len(order) == 1:
        rule, remedy = "is the same class in all rows", "name another column"
        raise table.wrong(column, ~unlabelled, rule, remedy)
    place = {name: number for number, name in enumerate(order)}
    numbered = np.array([place[name] for name in spelt])
    y = np.where(unlabelled, UNLABELLED, numbered[places(values, names)])
    listed = ", ".join(f"{number} {shortened(repr(name))}" for number, name in enumerate(order))
    notes.append(f"{table.path}: the classes of {column} are {listed}")
    if "-1" in place and numbers is not None:
        notes.append(
            f"{table.path}: {column} -1 is a class; leave the cell empty if it means unknown"
        )
    if unlabelled.any():
        notes.append(
            f"{table.lines_of(unlabelled)}: {column} is empty, so that {int(unlabelled.sum()):,} of "
            f"{table.count:,} nodes are unlabelled"
        )
    return torch.from_numpy(y).long()


def _whole_numbers(
    table: Table, column: str, values: pa.Array, names: pa.Array
) -> list[int] | None:
    """The names of the classes as whole numbers; None unless all of them are numbers.

    Raises:
        FileError: they are numbers, and some have a fraction.
    """
    for kind in (pa.int64(), pa.float64()):
        try:
            numbers = names.cast(kind).to_numpy(zero_copy_only=False)
        except pa.ArrowException:
            continue
        if not np.isfinite(numbers).all():
            return None
        if (fraction := numbers != np.trunc(numbers)).any():
            wrong = places(values, names.filter(pa.array(fraction))) >= 0
            rule = "must be a class, not a measurement"
            remedy = "number the classes, or name ranges of the numbers"
            raise table.wrong(column, wrong, rule, remedy)
        return [int(number) for number in numbers]
    return None


def split_masks(table: Table, column: str, y: Tensor | None) -> dict[str, Tensor]:
    """train_mask, val_mask and test_mask, bool [n]; a node with an empty cell is in none.

    Args:
        table: the table.
        column: of the split.
        y: labels [n].

    Raises:
        FileError: a cell has another word, or a node of a part has no label.
    """
    values = lowered(table.strings(column))
    place, given = places(values, texts(list(WORDS))), ~nulls(values)
    if (wrong := given & (place < 0)).any():
        raise table.wrong(
            column, wrong, "must be train, val or test", "correct it, or empty the cell"
        )
    if y is not None and (wrong := given & (y.numpy() == UNLABELLED)).any():
        remedy = "fill in the label, or empty the cell of the split"
        raise table.wrong(column, wrong, "must be of a node with a label", remedy)
    part = np.array([PARTS.index(name) for name in WORDS.values()])[place]
    return {
        f"{name}_mask": torch.from_numpy(given & (part == number))
        for number, name in enumerate(PARTS)
    }
