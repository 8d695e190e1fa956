"""Matrices on disk that are read by rows and by columns alike."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.out_of_core.arrays import append_array, read_array, replace_array, write_array

SPARSE_READS = 64
"""Rows are read one by one where fewer than one in so many are asked for."""


class RowMatrix(ABC):
    """A float32 matrix [height, width] of which some rows are read at a time.

    Attributes:
        height: its number of rows.
    """

    height: int

    @property
    @abstractmethod
    def width(self) -> int:
        """Its number of columns."""

    @abstractmethod
    def rows(self, first: int, last: int) -> Float[Tensor, "k width"]:
        """The rows from `first` until before `last`, in memory of their own."""

    def blocks(self, rows: int) -> Iterator[tuple[slice, Float[Tensor, "k width"]]]:
        """All rows, `rows` at a time."""
        for first in range(0, self.height, rows):
            last = min(first + rows, self.height)
            yield slice(first, last), self.rows(first, last)

    def at(self, rows: Int[Tensor, " k"], block: int) -> Float[Tensor, "k width"]:
        """Some rows, in the order asked for; many of them are read in blocks of `block` rows."""
        found = torch.empty(len(rows), self.width)
        ascending, order = rows.sort()
        if len(rows) * SPARSE_READS < self.height:
            for place, row in zip(order.tolist(), ascending.tolist(), strict=True):
                found[place] = self.rows(row, row + 1)[0]
            return found
        for place, x in self.blocks(block):
            ends = torch.searchsorted(ascending, torch.tensor([place.start, place.stop]))
            first, last = ends.tolist()
            found[order[first:last]] = x[ascending[first:last] - place.start]
        return found


class Matrix(RowMatrix):
    """A matrix that is read by a few columns as well: what is propagated needs all rows of a slab.

    Attributes:
        slabs: the columns of each slab, in order.
    """

    slabs: Sequence[slice]

    @property
    def width(self) -> int:
        """Its number of columns."""
        return self.slabs[-1].stop if self.slabs else 0

    @abstractmethod
    def slab(self, number: int) -> Float[Tensor, "n k"]:
        """All rows of one slab."""


def cut(widths: Iterable[int], step: int) -> tuple[slice, ...]:
    """Slabs of at most `step` columns of matrices of these widths side by side; each lies in one of them."""
    slabs, begin = [], 0
    for width in widths:
        for first in range(begin, begin + width, step):
            slabs.append(slice(first, min(first + step, begin + width)))
        begin += width
    return tuple(slabs)


class Columns(Matrix):
    """A matrix in files, one a slab, of float32 numbers row by row.

    Args:
        folder: of the files.
        height: number of rows.
        slabs: the columns of each file.
    """

    def __init__(self, folder: Path, height: int, slabs: Sequence[slice]) -> None:
        self.folder, self.height, self.slabs = folder, height, slabs

    def slab(self, number: int) -> Float[Tensor, "n k"]:
        """All rows of one slab."""
        return self._read(number, 0, self.height)

    def rows(self, first: int, last: int) -> Float[Tensor, "k width"]:
        """The rows from `first` until before `last`."""
        found = torch.empty(last - first, self.width)
        for number, columns in enumerate(self.slabs):
            found[:, columns] = self._read(number, first, last)
        return found

    def write_slab(self, number: int, x: Float[Tensor, "n k"]) -> None:
        """Write all rows of one slab."""
        replace_array(self._path(number), x.contiguous().numpy())

    def begin(self) -> None:
        """Make empty files, to which rows are appended."""
        for number in range(len(self.slabs)):
            self._path(number).touch()

    def allocate(self) -> None:
        """Make files of the right size, so that rows can be written in any order."""
        for number, columns in enumerate(self.slabs):
            with self._path(number).open("wb") as file:
                file.truncate(4 * self.height * (columns.stop - columns.start))

    def write_rows(self, first: int, x: Float[Tensor, "k width"]) -> None:
        """Write the rows from `first` on, into files that are allocated."""
        for number, columns in enumerate(self.slabs):
            with self._path(number).open("r+b") as file:
                file.seek(4 * first * (columns.stop - columns.start))
                write_array(file, x[:, columns].contiguous().numpy())

    def append(self, x: Float[Tensor, "k width"]) -> None:
        """Write the next rows; a matrix is written either so or by slabs."""
        for number, columns in enumerate(self.slabs):
            self.append_to(number, x[:, columns])

    def append_to(self, number: int, x: Float[Tensor, "k c"]) -> None:
        """Write the next rows of one slab."""
        append_array(self._path(number), x.contiguous().numpy())

    def _path(self, number: int) -> Path:
        return self.folder / f"columns-{number:04d}.f32"

    def _read(self, number: int, first: int, last: int) -> Float[Tensor, "k _"]:
        wide = self.slabs[number].stop - self.slabs[number].start
        flat = read_array(self._path(number), np.float32, (last - first) * wide, first * wide)
        return torch.from_numpy(flat.reshape(last - first, wide))


class Scaled(Matrix):
    """(x − shift) ÷ scale of a matrix, and zero in rows that lack a modality.

    Args:
        matrix: x.
        shift, scale: of each column.
        has: for each slab, which rows have its modality; None for all.
    """

    def __init__(
        self,
        matrix: Matrix,
        shift: Float[Tensor, " width"],
        scale: Float[Tensor, " width"],
        has: Sequence[Bool[Tensor, " n"] | None],
    ) -> None:
        self.matrix, self.shift, self.scale, self.has = matrix, shift, scale, has
        self.height, self.slabs = matrix.height, matrix.slabs

    def slab(self, number: int) -> Float[Tensor, "n k"]:
        """All rows of one slab."""
        return self._scale(self.matrix.slab(number), number, slice(0, self.height))

    def rows(self, first: int, last: int) -> Float[Tensor, "k width"]:
        """The rows from `first` until before `last`."""
        x = self.matrix.rows(first, last)
        for number, columns in enumerate(self.slabs):
            self._scale(x[:, columns], number, slice(first, last))
        return x

    def _scale(self, x: Float[Tensor, "k c"], number: int, rows: slice) -> Float[Tensor, "k c"]:
        """Scale x in place."""
        columns, has = self.slabs[number], self.has[number]
        x.sub_(self.shift[columns]).div_(self.scale[columns])
        return x if has is None else x.mul_(has[rows].unsqueeze(1))


class Stacked(RowMatrix):
    """Matrices of the same rows side by side, their columns in an order of their own.

    Args:
        parts: the matrices.
        places: of each part, the place of each of its columns.
    """

    def __init__(self, parts: Sequence[RowMatrix], places: Sequence[Int[Tensor, " _"]]) -> None:
        self.parts, self.runs = parts, [_runs(each) for each in places]
        self.height = parts[0].height

    @property
    def width(self) -> int:
        """Its number of columns."""
        return sum(part.width for part in self.parts)

    def rows(self, first: int, last: int) -> Float[Tensor, "k width"]:
        """The rows from `first` until before `last`."""
        found = torch.empty(last - first, self.width)
        for part, runs in zip(self.parts, self.runs, strict=True):
            x = part.rows(first, last)
            for own, there in runs:
                found[:, there] = x[:, own]
        return found


def _runs(places: Int[Tensor, " _"]) -> list[tuple[slice, slice]]:
    """Columns of a part and where they go, in runs of consecutive places: slices are copied much faster."""
    ends = [0, *((places.diff() != 1).nonzero().flatten() + 1).tolist(), len(places)]
    return [
        (slice(first, last), slice(int(places[first]), int(places[last - 1]) + 1))
        for first, last in itertools.pairwise(ends)
        if first < last
    ]
