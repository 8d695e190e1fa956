"""Files changed by other programs, as tests need them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import h5py

from condense.io.seal import seal


@contextlib.contextmanager
def edited(path: Path) -> Iterator[h5py.File]:
    """The file at `path`, open for changes, and sealed again afterwards."""
    with h5py.File(path, "a") as file:
        yield file
    reseal(path)


def reseal(path: Path) -> None:
    """Make the seal of the file at `path` right again, as an attacker would."""
    with path.open("r+b", buffering=0) as file:
        seal(file)


def text(value: object) -> object:
    """A string for bytes; other values unchanged."""
    return value.decode() if isinstance(value, bytes) else value
