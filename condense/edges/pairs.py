"""Pairs (row, column) at which a matrix may have an entry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from models.propagation.sparse import row_starts

SMALL = 2**19
"""Matrices with at most so many pairs may be treated as dense; n′ = 724 within one type."""


@dataclass(frozen=True)
class Grid:
    """Pairs that are every combination of some rows with some columns.

    Values of the pairs then form a matrix of `shape`, and rows need no lookup.
    """

    rows: Tensor | slice
    columns: Tensor | slice
    shape: tuple[int, int]


@dataclass(frozen=True)
class Pairs:
    """Pairs (i, j), in the order of their places i · width + j.

    Attributes:
        place: ascending, each once.
        shape: height and width of the matrix.
    """

    place: Int[Tensor, " k"]
    shape: tuple[int, int]

    @classmethod
    def every(cls, height: int, width: int, device: torch.device | None = None) -> Pairs:
        """Every pair of a matrix."""
        return cls(torch.arange(height * width, device=device), (height, width))

    def __len__(self) -> int:
        return len(self.place)

    @property
    def all(self) -> bool:
        """Whether every pair is among them."""
        return len(self) == self.shape[0] * self.shape[1]

    @cached_property
    def rows(self) -> Int[Tensor, " k"]:
        """The row of each."""
        return self.place // max(self.shape[1], 1)

    @cached_property
    def columns(self) -> Int[Tensor, " k"]:
        """The column of each."""
        return self.place % max(self.shape[1], 1)

    @cached_property
    def grid(self) -> Grid | None:
        """The rows and columns that they combine, if they do."""
        height, width = self.shape
        if self.all:
            return Grid(slice(None), slice(None), self.shape)
        rows, columns = those_in(self.rows, height), those_in(self.columns, width)
        shape = (len(rows), len(columns))
        # Pairs are distinct, so as many pairs as combinations are all combinations.
        return Grid(rows, columns, shape) if math.prod(shape) == len(self) else None

    @cached_property
    def starts(self) -> Int[Tensor, " _"]:
        """Where each row begins among them, and where the last ends: CSR's row pointers [height + 1]."""
        return row_starts(self.rows, self.shape[0])

    @cached_property
    def loops(self) -> Int[Tensor, " _"]:
        """Indices of the pairs that join a node to itself."""
        return (self.rows == self.columns).nonzero().flatten()

    @cached_property
    def upper(self) -> Int[Tensor, " _"]:
        """Indices of the pairs on the diagonal or above."""
        return (self.rows <= self.columns).nonzero().flatten()

    @cached_property
    def partner(self) -> Int[Tensor, " k"]:
        """Index of (j, i) for each (i, j), of pairs that hold both or neither."""
        return torch.searchsorted(self.place, self.columns * self.shape[1] + self.rows)


def those_in(numbers: Int[Tensor, " k"], count: int) -> Int[Tensor, " _"]:
    """The numbers below `count` that occur, ascending."""
    there = torch.zeros(count, dtype=torch.bool, device=numbers.device)
    return there.index_fill_(0, numbers, True).nonzero().flatten()
