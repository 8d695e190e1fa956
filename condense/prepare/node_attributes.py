"""Attributes of nodes, any name with any value, as features, classes and splits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from condense.data.graph import UNLABELLED
from condense.data.pyg.features import BARE, FEATURES
from condense.data.pyg.labels import is_split
from condense.datasets.splits import NAMES
from condense.errors import FileError
from models.schema import FEATURE_PREFIX, MASK_PREFIX

CLASSES = ("y", "class", "label")
"""Attributes with the class, of which the first counts that a type has."""
SPLIT, NUMBERS = "split", "numbers"
"""The attribute with the part of the split; the modality of all attributes that are numbers."""

Rows = Mapping[Any, Mapping[str, Any]]
Column = Mapping[Any, Any]
"""An attribute's value at each node, None where there is none."""


def arrays_of(path: Path, kind: str, rows: Rows, notes: list[str]) -> dict[str, np.ndarray]:
    """x_<modality>, has_<modality>, y and masks of the n nodes of one type.

    Args:
        path: the file, for messages.
        kind: the node type.
        rows: the attributes of each node; None and "" stand for no value.
        notes: what is left out or assumed is added here.

    Raises:
        FileError: an attribute has no one meaning; the message names the node.
    """
    names = sorted({name for row in rows.values() for name in row})
    columns = {name: {node: _given(row.get(name)) for node, row in rows.items()} for name in names}
    columns = {name: c for name, c in columns.items() if any(v is not None for v in c.values())}
    arrays: dict[str, np.ndarray] = {}
    left: list[str] = []
    _set_classes(path, kind, columns, arrays, notes)
    if SPLIT in columns:
        arrays |= _split(path, columns[SPLIT])
    numbers: dict[str, Column] = {}
    for name, column in columns.items():
        values = [value for value in column.values() if value is not None]
        if name in (*CLASSES, SPLIT):
            continue
        if is_split(name) and SPLIT not in columns:
            arrays[name] = _mask(path, name, column)
        elif is_split(name) or not any(map(_is_numeric, values)):
            left.append(name)
        elif all(map(_is_number, values)):
            numbers[name] = column
        else:
            arrays |= _vectors(path, name, column)
    if numbers:
        arrays |= _numbers(path, numbers)
        notes.append(f"{kind}: the columns of modality {NUMBERS!r} are {', '.join(numbers)}")
    if left:
        notes.append(
            f"{kind}: {', '.join(left)} left out, since only numbers and lists of numbers are features"
        )
    return arrays


def _set_classes(
    path: Path,
    kind: str,
    columns: Mapping[str, Column],
    arrays: dict[str, np.ndarray],
    notes: list[str],
) -> None:
    """Set y: numbers as they are; names numbered in alphabetical order, −1 where there is none."""
    for name in (name for name in CLASSES if name in columns):
        column = columns[name]
        values = [value for value in column.values() if value is not None]
        names = sorted({value for value in values if isinstance(value, str)})
        if "y" in arrays:
            notes.append(f"{kind}: {name} left out, since another attribute is the class")
        elif name == "label" and len(names) == len(column) > 1:
            notes.append(
                f"{kind}: {name} left out, since it differs at every node, as a node's name does"
            )
        elif names:
            number = {value: i for i, value in enumerate(names)}
            for node, value in column.items():
                if value is not None and value not in names:
                    raise _wrong(path, name, node, value, "must be a name, as at other nodes")
            arrays["y"] = np.array([number.get(value, UNLABELLED) for value in column.values()])
            shown = ", ".join(f"{value} → {i}" for value, i in list(number.items())[:8])
            notes.append(f"{kind}: classes from {name}, {shown}{', …' if len(number) > 8 else ''}")
        else:
            for node, value in column.items():
                if value is not None and (not _is_number(value) or value != value // 1):
                    raise _wrong(
                        path, name, node, value, "must be a class, a name or a whole number"
                    )
            filled = [UNLABELLED if value is None else int(value) for value in column.values()]
            arrays["y"] = np.array(filled, dtype=np.int64)


def _split(path: Path, column: Column) -> dict[str, np.ndarray]:
    """The masks of "train", "val" and "test"."""
    for node, value in column.items():
        if value is not None and value not in NAMES:
            raise _wrong(path, SPLIT, node, value, f"must be one of {', '.join(NAMES)}")
    return {
        f"{part}_mask": np.array([value == part for value in column.values()]) for part in NAMES
    }


def _mask(path: Path, name: str, column: Column) -> np.ndarray:
    """A mask of true and false, or 1 and 0; nodes without it are outside."""
    for node, value in column.items():
        if value is not None and (not _is_number(value) or value not in (0, 1)):
            raise _wrong(path, name, node, value, "must be true or false")
    return np.array([bool(value) for value in column.values()])


def _numbers(path: Path, columns: Mapping[str, Column]) -> dict[str, np.ndarray]:
    """The modality of all attributes that are numbers [n, attributes]; nodes without any lack it."""
    rows: dict[Any, list[Any]] = {}
    for column in columns.values():
        for node, value in column.items():
            rows.setdefault(node, []).append(value)
    whole: Column = {node: None if set(row) == {None} else row for node, row in rows.items()}
    for node, row in whole.items():
        if row is not None and None in row:
            name = list(columns)[row.index(None)]
            raise _wrong(
                path, name, node, None, f"must be set where {', '.join(columns)} are features"
            )
    return _vectors(path, NUMBERS, whole)


def _vectors(path: Path, name: str, column: Column) -> dict[str, np.ndarray]:
    """The modality of a list of numbers at each node [n, width]; nodes without it lack the modality."""
    width = next((len(value) for value in column.values() if isinstance(value, list)), None)
    for node, value in column.items():
        if value is None or (width is None and _is_number(value)):
            continue
        if width is None:
            raise _wrong(path, name, node, value, "must be a number, as at other nodes")
        if not isinstance(value, list) or len(value) != width or not all(map(_is_number, value)):
            raise _wrong(
                path, name, node, value, f"must be a list of {width} numbers, as at other nodes"
            )
        if not all(map(math.isfinite, value)):
            raise _wrong(path, name, node, value, "must be finite")
    has = np.array([value is not None for value in column.values()])
    rows = [[0.0] * (width or 0) if value is None else value for value in column.values()]
    bare = name in BARE
    key = name if bare or name.startswith(FEATURE_PREFIX) else f"{FEATURE_PREFIX}{name}"
    modality = FEATURES if bare else key.removeprefix(FEATURE_PREFIX)
    arrays = {key: np.array(rows, dtype=np.float64)}
    return arrays if has.all() else {**arrays, f"{MASK_PREFIX}{modality}": has}


def _given(value: Any) -> Any:
    """`value`, or None where it is empty."""
    return None if isinstance(value, str) and not value.strip() else value


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _is_numeric(value: object) -> bool:
    """Whether `value` is a number or a list that begins with one."""
    return _is_number(value[0]) if isinstance(value, list) and value else _is_number(value)


def _wrong(path: Path, name: str, node: object, value: object, rule: str) -> FileError:
    got = repr(value) if len(repr(value)) < 60 else f"{repr(value)[:57]}…"
    return FileError(
        f"{path}: {name} of node {node!r} (got {got}) {rule}; correct it or leave it out"
    )
