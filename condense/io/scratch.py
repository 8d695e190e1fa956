"""Room for arrays that need not fit in memory: files without a name, which end with the process.

What is mapped from such a file is read as it is needed, and may leave memory again. Since no file has a name,
nothing stays behind after a mistake, Ctrl-C or a crash.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from condense.errors import FileError
from condense.io.replace import FULL

BLOCK = 1 << 20
"""Bytes written at a time."""
SMALL = 1 << 20
"""Bytes of an array that stays in memory: a process may open a thousand files or so."""

Room = Callable[[Sequence[int], DTypeLike], NDArray[Any]]
"""Makes an array of zeros of a shape and a type."""


@dataclass(frozen=True)
class Scratch:
    """Where arrays are while a graph is made.

    Attributes:
        folder: that of the files; None for memory, where small arrays are in any case.
    """

    folder: Path | None = None

    def zeros(self, shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
        """An array of zeros.

        Raises:
            FileError: the disk has no room for it.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self.folder is None or size <= SMALL:
            return np.zeros(shape, dtype)
        with self.errors(), self._file() as file:
            _reserve(file, size)
            return _mapped(file, size).view(dtype).reshape(shape)

    def growing(self, dtype: DTypeLike) -> Growing:
        """An empty array, to which values are added."""
        return Growing(self, np.dtype(dtype))

    @contextlib.contextmanager
    def file(self) -> Iterator[BufferedRandom]:
        """A file without a name.

        Raises:
            FileError: the folder cannot be written.
        """
        with self.errors(), self._file() as file:
            yield file

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Convert errors of writing in the block into a FileError with a remedy."""
        try:
            yield
        except OSError as error:
            remedy = (
                "free disk space"
                if error.errno in FULL
                else "check that files can be created there"
            )
            raise FileError(
                f"files cannot be written beside the output, in {self.folder or tempfile.gettempdir()} "
                f"({error.strerror or error}); {remedy}, or choose another --out"
            ) from None

    def _file(self) -> BufferedRandom:
        return cast(BufferedRandom, tempfile.TemporaryFile(dir=self.folder))


class Growing:
    """A vector whose length is not known before its end.

    Args:
        scratch: where it is.
        dtype: of its values.
    """

    def __init__(self, scratch: Scratch, dtype: np.dtype[Any]) -> None:
        self._scratch, self._dtype = scratch, dtype
        self._parts: list[NDArray[Any]] = []
        self._file: BufferedRandom | None = None

    def add(self, values: NDArray[Any]) -> None:
        """Add `values` [k] at the end.

        Raises:
            FileError: the disk is full.
        """
        if self._file is None:
            self._parts.append(values.astype(self._dtype))
            if self._scratch.folder is None or sum(part.nbytes for part in self._parts) <= SMALL:
                return
            with self._scratch.errors():
                self._file = self._scratch._file()
            weakref.finalize(self, self._file.close)
            values, self._parts = np.concatenate(self._parts), []
        step = BLOCK // self._dtype.itemsize
        with self._scratch.errors():
            for first in range(0, len(values), step):
                block = values[first : first + step]
                # Past the buffer, which would fail a second time when it is closed on a full disk.
                _write(self._file, np.ascontiguousarray(block, self._dtype))

    def array(self) -> NDArray[Any]:
        """The values so far [n]; those that are added later are not in it."""
        if self._file is None:
            self._parts = [np.concatenate([np.empty(0, self._dtype), *self._parts])]
            return self._parts[0]
        with self._scratch.errors():
            size = self._file.raw.seek(0, os.SEEK_END)
            return _mapped(self._file, size).view(self._dtype)


def mapped(file: BufferedRandom) -> NDArray[np.uint8]:
    """The bytes of a file, read as they are needed."""
    file.flush()
    return _mapped(file, file.seek(0, os.SEEK_END))


def _mapped(file: BufferedRandom, size: int) -> NDArray[np.uint8]:
    if not size:
        return np.empty(0, np.uint8)
    return np.frombuffer(mmap.mmap(file.fileno(), size), np.uint8)


def _reserve(file: BufferedRandom, size: int) -> None:
    """Make `file` `size` bytes of zeros that have their place: writing to a map must not meet a full disk."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    zeros = np.zeros(BLOCK, np.uint8)
    for first in range(0, size, BLOCK):
        _write(file, zeros[: size - first])


def _write(file: BufferedRandom, values: NDArray[Any]) -> None:
    rest = memoryview(values.data).cast("B")
    while len(rest):
        rest = rest[file.raw.write(rest) :]
