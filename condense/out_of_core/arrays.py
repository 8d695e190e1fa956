"""Arrays in files of their own: one that is not written as a whole, or cut off, is an error."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import IO, Any

import numpy as np

from condense.errors import FileError


def write_array(file: IO[bytes], values: np.ndarray) -> None:
    """Append values to an open file; unlike NumPy's own writer this raises where the disk is full."""
    if values.size:
        file.write(np.ascontiguousarray(values).view(np.uint8).data)


def append_array(path: Path, values: np.ndarray) -> None:
    """Append values to a file, which need not exist."""
    with path.open("ab") as file:
        write_array(file, values)


def replace_array(path: Path, values: np.ndarray) -> None:
    """Write a file as a whole; who writes the same at the same time does no harm."""
    other = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    with other.open("wb") as file:
        write_array(file, values)
    os.replace(other, path)


def read_array(path: Path, dtype: Any, count: int, first: int = 0) -> np.ndarray:
    """`count` values from number `first` on.

    Raises:
        FileError: the file is missing or cut off.
    """
    kind = np.dtype(dtype)
    try:
        values = np.fromfile(path, kind, count, offset=kind.itemsize * first)
    except FileNotFoundError as error:
        raise FileError(
            f"{path} is missing (deleted, or not written by an older version); delete its folder and give "
            "the same command with --resume"
        ) from error
    if len(values) != count:
        raise FileError(
            f"{path} is cut off (it lacks {count - len(values):,} of {count:,} values); delete its folder "
            "and give the same command with --resume"
        )
    return values
