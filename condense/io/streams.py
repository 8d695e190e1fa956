"""Writes and hashes arrays whose values come in blocks of any size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import h5py
import numpy as np
from torch import Tensor

from condense.data.fingerprint import BLOCK_BYTES, Digest, dtype_name
from condense.data.rules.watch import Look
from condense.errors import GraphError
from condense.io.arrays import create_dataset
from condense.io.names import encoded
from condense.io.replace import Sink
from condense.io.schema import EDGE_INDEX

INTEGERS = ("int32", "int64")
"""The data types of edges' ends in blocks."""


class Stream:
    """Writes one array, of the type and shape of a tensor without values, and looks at its values.

    Args:
        group: where the array belongs.
        attribute: its name in the graph.
        like: a tensor on the meta device.
        where: the name of the array, for messages.
        look: sees the blocks.
        sink: the file.
        packed: compress a large array.
    """

    def __init__(
        self,
        group: h5py.Group,
        attribute: str,
        like: Tensor,
        where: str,
        look: Look,
        sink: Sink,
        packed: bool,
    ) -> None:
        self._name, self._shape, self._where = encoded(attribute), tuple(like.shape), where
        self._dtype = dtype_name(like, where)
        self._look, self._sink = look, sink
        self._dataset = create_dataset(group, self._name, like, packed)

    def write_rows(self, blocks: Iterable[np.ndarray], digest: Digest) -> None:
        """Write and hash `blocks`, consecutive rows.

        Raises:
            GraphError: a block has another type or shape, or there are too many or too few rows.
        """
        rows = max(1, BLOCK_BYTES // max(1, self._itemsize * math.prod(self._shape[1:])))

        def written() -> Iterator[np.ndarray]:
            first = 0
            for block in self._regrouped(self._rows(blocks), rows, self._shape):
                last = first + len(block)
                self._dataset[first:last] = block
                self._sink.check()
                self._look((slice(first, last),), block)
                yield block
                first = last

        digest.array(self._name, self._dtype, self._shape, written())

    def write_edges(self, blocks: Iterable[Sequence[np.ndarray]], digest: Digest) -> None:
        """Write and hash edge_index [2, e]; each block has sources [k] and destinations [k].

        Raises:
            GraphError: as for `write_rows`.
        """
        count = BLOCK_BYTES // self._dataset.dtype.itemsize

        def written() -> Iterator[np.ndarray]:
            first = 0
            for block in self._regrouped(self._pairs(blocks), count, (e, 2)):
                last = first + len(block)
                ends = np.ascontiguousarray(block.T)  # [2, k]
                for row in (0, 1):
                    self._look((slice(row, row + 1), slice(first, last)), ends[row : row + 1])
                self._dataset[:, first:last] = ends
                self._sink.check()
                yield ends[0]
                first = last
            # The hash covers all sources, then all destinations, which come side by side.
            for first in range(0, e, count):
                yield self._dataset[1, first : min(first + count, e)].astype(np.int64)

        e = self._shape[1]
        digest.array(self._name, self._dtype, self._shape, written())

    def _rows(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Blocks of rows, of the array's type and width."""
        shape = self._shape[1:]
        for block in blocks:
            array = isinstance(block, np.ndarray) and block.ndim == len(self._shape)
            if not array or block.dtype.name != self._dtype or block.shape[1:] != shape:
                rule = f"must be a numpy array of {self._dtype} {['k', *shape]}"
                raise GraphError.of(
                    f"a block of {self._where}", _described(block), rule, "convert it"
                )
            yield block

    def _pairs(self, blocks: Iterable[Sequence[np.ndarray]]) -> Iterator[np.ndarray]:
        """Blocks of edges, int64 [k, 2]."""
        for block in blocks:
            ends = list(block)
            vectors = all(isinstance(x, np.ndarray) and x.ndim == 1 for x in ends)
            if not vectors or len(ends) != 2 or any(x.dtype.name not in INTEGERS for x in ends):
                got = " and ".join(map(_described, ends))
                rule = (
                    "must be two numpy arrays of int32 or int64, sources [k] and destinations [k]"
                )
                raise GraphError.of(f"a block of {self._where}", got, rule, "convert them")
            if len(ends[0]) != len(ends[1]):
                got = f"{len(ends[0])} sources and {len(ends[1])} destinations"
                rule = "must have as many of both"
                raise GraphError.of(
                    f"a block of {self._where}", got, rule, "give both ends of each edge"
                )
            yield np.stack(ends, axis=1).astype(np.int64, copy=False)

    @property
    def _itemsize(self) -> int:
        return np.dtype(self._dtype).itemsize

    def _regrouped(
        self, blocks: Iterable[np.ndarray], rows: int, shape: tuple[int, ...]
    ) -> Iterator[np.ndarray]:
        """The rows of `blocks`, which must be `shape[0]`, by `rows`; each array overwrites the last."""
        buffer = np.empty((min(rows, shape[0]), *shape[1:]), self._dtype)
        held = done = 0
        for block in blocks:
            if done + held + len(block) > shape[0]:
                raise self._wrong_number(f"{done + held + len(block):,} or more", shape[0])
            while len(block):
                part = block[: len(buffer) - held]
                buffer[held : held + len(part)] = part
                held, block = held + len(part), block[len(part) :]
                if held == len(buffer):
                    yield buffer
                    done, held = done + held, 0
        if done + held < shape[0]:
            raise self._wrong_number(f"{done + held:,}", shape[0])
        if held:
            yield buffer[:held]

    def _wrong_number(self, got: str, rows: int) -> GraphError:
        what = "edges" if self._name == EDGE_INDEX else "rows"
        rule, remedy = f"must have {rows:,}", "give as many as the outline says"
        return GraphError.of(f"the blocks of {self._where}", f"{got} {what}", rule, remedy)


def _described(value: Any) -> str:
    """The type and shape of what should be an array, for messages."""
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    return f"{value.dtype.name} {list(value.shape)}"
