"""Reads parts of the arrays of a file, without HDF5's decoder."""

from __future__ import annotations

import io
import itertools
import math
import zlib
from collections.abc import Iterator

import numpy as np

from condense.data.fingerprint import Window, slabs
from condense.io.damage import damaged
from condense.io.members import OpenFile
from condense.io.stored import DEFLATE, Chunk, StoredArray

Raw = bytes | bytearray


class ArrayReader:
    """Reads windows of a checked array.

    Args:
        file: the open file.
        stored: the array.
        keep: bytes of inflated chunks that are kept, besides the last one, for the windows that follow.
    """

    def __init__(self, file: OpenFile, stored: StoredArray, keep: int = 16 << 20) -> None:
        assert stored.shape is not None
        self._stream, self._stored, self._shape, self._keep = (
            file.stream,
            stored,
            stored.shape,
            keep,
        )
        self._chunks = {chunk.start: chunk for chunk in stored.chunks or ()}
        self._kept: dict[tuple[int, ...], np.ndarray] = {}
        self._kept_bytes = 0

    def pieces(self) -> Iterator[Window]:
        """Windows that cover the array and read each of its chunks once."""
        if self._stored.chunk is None:
            for slab in slabs(self._shape, self._stored.dtype.itemsize):
                yield (*slab, *(slice(0, n) for n in self._shape[len(slab) :]))
            return
        for start in self._chunks:
            ends = zip(start, self._stored.chunk, self._shape, strict=True)
            yield tuple(slice(first, min(first + c, n)) for first, c, n in ends)

    def fill(self, out: np.ndarray, window: Window) -> None:
        """Read a window, a range on each axis, into `out` of its shape; values take the type of `out`.

        Raises:
            FileError: the bytes are not there, not gzip's, or not 0 and 1 where they must be.
        """
        if self._stored.chunk is not None:
            self._fill_from_chunks(out, window, self._stored.chunk)
        elif self._stored.values is not None:
            there = np.frombuffer(self._stored.values, self._stored.dtype)
            out[...] = there.reshape(self._shape)[window]
        else:
            self._fill_from_piece(out, window, self._shape, self._stored.offset or 0)
        if self._stored.dtype.name == "bool" and (out.view(np.uint8) > 1).any():
            raise damaged(f"dataset {self._stored.path} must hold 0 and 1 alone")

    def _fill_from_piece(
        self, out: np.ndarray, window: Window, shape: tuple[int, ...], offset: int
    ) -> None:
        """Read a window of values of this `shape` in one piece, which begins at `offset`."""
        row_bytes = self._stored.dtype.itemsize * math.prod(shape[1:])
        rows, inner = window[0], window[1:]
        if all(part == slice(0, n) for part, n in zip(inner, shape[1:], strict=True)):
            self._stream.seek(offset + rows.start * row_bytes)
            raw = _exactly(self._stream, out.size * self._stored.dtype.itemsize, self._stored)
            out[...] = np.frombuffer(raw, self._stored.dtype).reshape(out.shape)
            return
        for row in range(rows.start, rows.stop):
            place = offset + row * row_bytes
            self._fill_from_piece(out[row - rows.start], inner, shape[1:], place)

    def _fill_from_chunks(self, out: np.ndarray, window: Window, shape: tuple[int, ...]) -> None:
        if not out.size:
            return
        grid = [range(w.start // c * c, w.stop, c) for w, c in zip(window, shape, strict=True)]
        for start in itertools.product(*grid):
            values, there, here = self._chunk(start), [], []
            for w, first, c in zip(window, start, shape, strict=True):
                begin, end = max(w.start, first), min(w.stop, first + c)
                there.append(slice(begin - first, end - first))
                here.append(slice(begin - w.start, end - w.start))
            out[tuple(here)] = values[tuple(there)]

    def _chunk(self, start: tuple[int, ...]) -> np.ndarray:
        """The values of a chunk; those at the end of an array reach beyond it."""
        if start not in self._kept:
            inflated = _inflated(self._stream, self._stored, self._chunks[start])
            while self._kept and self._kept_bytes > self._keep:
                oldest = self._kept.pop(next(iter(self._kept)))
                self._kept_bytes -= oldest.nbytes
            self._kept[start] = _values(self._stored, inflated)
            self._kept_bytes += self._kept[start].nbytes
        return self._kept[start]


def _inflated(stream: io.FileIO, stored: StoredArray, chunk: Chunk) -> tuple[Raw, bool]:
    """The bytes of a chunk without gzip, and whether they are still shuffled."""
    assert stored.chunk is not None
    stream.seek(chunk.offset)
    raw: Raw = _exactly(stream, chunk.size, stored)
    expected = stored.dtype.itemsize * int(np.prod(stored.chunk))
    shuffled = False
    for i, code in reversed(list(enumerate(stored.filters))):
        if chunk.skipped >> i & 1:
            continue
        if code != DEFLATE:
            shuffled = True
            continue
        inflate = zlib.decompressobj()
        try:
            # One byte more than expected, so that a chunk that would not end is noticed.
            raw = inflate.decompress(raw, expected + 1)
        except zlib.error as error:
            raise damaged(f"a chunk of dataset {stored.path} is not gzip's ({error})") from None
    if len(raw) != expected:
        raise damaged(f"a chunk of dataset {stored.path} must inflate to {expected:,} bytes")
    return raw, shuffled


def _values(stored: StoredArray, inflated: tuple[Raw, bool]) -> np.ndarray:
    """The values of a chunk, in its shape."""
    assert stored.chunk is not None
    raw, shuffled = inflated
    if shuffled and stored.dtype.itemsize > 1:
        # All first bytes of the values, then all second bytes, …
        planes = np.frombuffer(raw, np.uint8).reshape(stored.dtype.itemsize, -1)
        return np.ascontiguousarray(planes.T).view(stored.dtype).reshape(stored.chunk)
    return np.frombuffer(raw, stored.dtype).reshape(stored.chunk)


def _exactly(stream: io.FileIO, count: int, stored: StoredArray) -> bytearray:
    """The next `count` bytes."""
    raw = bytearray(count)
    view, done = memoryview(raw), 0
    while done < count and (step := stream.readinto(view[done:])):
        done += step
    if done < count:
        raise damaged(f"dataset {stored.path} ends too early")
    return raw
