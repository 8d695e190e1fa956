"""Rows on disk for k-means: sets of rows are read together, and answered one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from condense.out_of_core.columns import RowMatrix
from condense.out_of_core.kmeans import RowsOnDisk
from condense.out_of_core.room import GIB, Room
from condense.out_of_core.tasks import InThisProcess

X = torch.arange(600.0).view(200, 3)


class Counted(RowMatrix):
    """X, and how many rows have been read."""

    height, width, read = len(X), 3, 0

    def rows(self, first: int, last: int) -> torch.Tensor:
        self.read += last - first
        return X[first:last].clone()


class Together:
    """Does pieces one after another, but says that several can be done at a time."""

    def __init__(self, at_once: int) -> None:
        self.at_once, self.pieces = at_once, 0

    def check_folder(self, folder: Path) -> None:
        pass

    def run(
        self, piece: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        self.pieces += len(arguments)
        return InThisProcess().run(piece, arguments)


def total(x: torch.Tensor, factor: int) -> float:
    return factor * float(x.sum())


SETS = [torch.arange(first, 200, 5) for first in range(5)]
FACTORS = [(2,), (3,), (5,), (7,), (11,)]


@pytest.mark.parametrize(
    ("at_once", "room", "pieces"),
    [(1, 1000, 1), (2, 1000, 3), (100, 1000, 5), (1, 80, 3), (1, 40, 5), (1, 1, 5)],
)
def test_sets_that_fit_are_read_together(
    monkeypatch: pytest.MonkeyPatch, at_once: int, room: int, pieces: int
) -> None:
    monkeypatch.setattr(Room, "sample", lambda self, width: room)
    x, tasks = Counted(), Together(at_once)
    found = RowsOnDisk(x, Room(2 * GIB), tasks).of_each(total, SETS, FACTORS)
    assert found == [total(X[rows], factor) for rows, (factor,) in zip(SETS, FACTORS, strict=True)]
    assert tasks.pieces == pieces
    assert x.read == pieces * len(X)


def test_no_sets_are_no_pieces() -> None:
    assert RowsOnDisk(Counted(), Room(2 * GIB), InThisProcess()).of_each(total, [], []) == []
