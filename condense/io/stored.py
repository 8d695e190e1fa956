"""Arrays as a file stores them: where their bytes are, and whether those can hold what their shapes say."""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condense.data.fingerprint import DTYPES
from condense.errors import FileError
from condense.io.damage import damaged
from condense.io.limits import CHUNK, Allowance

DEFLATE, SHUFFLE = 1, 2
FILTERS = ((), (DEFLATE,), (SHUFFLE, DEFLATE))
"""HDF5's numbers of the only filters that are read."""


@dataclass(frozen=True)
class Chunk:
    """One chunk of an array.

    Attributes:
        start: the position of its first value.
        skipped: bit i is set where the array's filter i was not applied.
        offset, size: where its bytes are in the file.
    """

    start: tuple[int, ...]
    skipped: int
    offset: int
    size: int


@dataclass(frozen=True)
class StoredArray:
    """An array in a file; `condense.io.arrays.read_array` reads it.

    Attributes:
        path: in the file.
        dtype: of the stored values.
        shape: of the array; None for HDF5's empty dataset.
        filters: HDF5's numbers, in the order in which a writer applies them.
        chunk: the shape of a chunk; None if the values are in one piece.
        chunks: all of them; None if the values are in one piece, or there are too many.
        offset: of the piece, in bytes; None where there is none.
        values: the piece itself, if it is in the array's header.
    """

    path: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...] | None
    filters: tuple[int, ...] = ()
    chunk: tuple[int, ...] | None = None
    chunks: tuple[Chunk, ...] | None = None
    offset: int | None = None
    values: bytes | None = None

    @classmethod
    def of(cls, path: str, listed: Mapping[str, Any]) -> StoredArray:
        """The array that `condense.io.scan` lists."""
        shape, chunk = listed["shape"], listed.get("chunk")
        values, table = listed.get("values"), listed.get("table")
        chunks = None
        if table is not None:
            rows = np.frombuffer(base64.b64decode(table), "<i8").reshape(-1, len(shape) + 3)
            chunks = tuple(Chunk(tuple(row[:-3]), *row[-3:]) for row in rows.tolist())
        return cls(
            path,
            np.dtype(listed["dtype"]),
            None if shape is None else tuple(shape),
            tuple(listed["filters"]),
            None if chunk is None else tuple(chunk),
            chunks,
            listed.get("offset"),
            None if values is None else base64.b64decode(values),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all values, uncompressed."""
        return self.dtype.itemsize * math.prod(self.shape or (0,))

    def check(self, size: int, allowance: Allowance) -> None:
        """Check that a file of `size` bytes holds these values, before anything is allocated.

        Raises:
            FileError: another data type or filter than the format's, or bytes that are not there.
        """
        if self.dtype.name not in DTYPES:
            names = ", ".join(DTYPES)
            raise damaged(f"dataset {self.path} (got {self.dtype.name}) must be one of {names}")
        if not self.shape:
            raise damaged(f"dataset {self.path} (got shape {self.shape}) must have rows")
        allowance.take(self.nbytes, f"dataset {self.path} of shape {list(self.shape)}")
        if self.filters not in FILTERS:
            raise FileError(
                f"dataset {self.path} (got HDF5's filters {list(self.filters)}) must be stored plainly or by "
                f"shuffle ({SHUFFLE}), then gzip ({DEFLATE}); write it so"
            )
        if self.chunk is not None:
            self._check_chunks(size)
        elif self.values is not None:
            self._check_bytes(len(self.values))
        elif self.nbytes:
            self._check_bytes(size - (size if self.offset is None else self.offset))

    def _check_bytes(self, there: int) -> None:
        if there < self.nbytes:
            raise damaged(
                f"dataset {self.path} of shape {list(self.shape or ())} needs {self.nbytes:,} bytes, "
                f"and the file has {max(0, there):,} there"
            )

    def _check_chunks(self, size: int) -> None:
        """Check that the chunks cover the shape once, lie within the file and do not share bytes."""
        assert self.chunk is not None
        assert self.shape is not None
        if self.dtype.itemsize * math.prod(self.chunk) > CHUNK or 0 in self.chunk:
            raise FileError(
                f"dataset {self.path} (got chunks of shape {list(self.chunk)}) must have chunks of at most "
                f"{CHUNK:,} bytes; write it with smaller ones"
            )
        if self.chunks is None:
            raise FileError(
                f"dataset {self.path} of shape {list(self.shape)} (got chunks of shape {list(self.chunk)}) "
                f"has more chunks than a file of {size:,} bytes may; write it with larger ones"
            )
        grid = [range(0, n, c) for n, c in zip(self.shape, self.chunk, strict=True)]
        if len(self.chunks) != math.prod(map(len, grid)) or {
            chunk.start for chunk in self.chunks
        } != set(itertools.product(*grid)):
            raise damaged(f"dataset {self.path} lacks some of its chunks")
        inside = all(c.offset >= 0 < c.size and c.offset + c.size <= size for c in self.chunks)
        if not inside or sum(chunk.size for chunk in self.chunks) > size:
            raise damaged(f"dataset {self.path} has chunks outside the file, or that share bytes")
