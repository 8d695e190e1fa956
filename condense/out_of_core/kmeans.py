"""Rows on disk for k-means, see `condense.clustering.rows`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.rows import nearest_of_group, projected_by_group
from condense.out_of_core.columns import RowMatrix
from condense.out_of_core.propagation import PORTION
from condense.out_of_core.room import Room
from condense.out_of_core.tasks import Tasks, in_order, ranges

T = TypeVar("T")


@dataclass(frozen=True)
class RowsOnDisk:
    """Rows of a matrix on disk.

    Attributes:
        x: one row a node.
        room: how much is read at a time.
        tasks: where centres are fitted and rows assigned.
    """

    x: RowMatrix
    room: Room
    tasks: Tasks

    @property
    def width(self) -> int:
        """Of a row."""
        return self.x.width

    def at(self, nodes: Sequence[Int[Tensor, " _"]]) -> Iterator[tuple[int, Float[Tensor, "_ d"]]]:
        """The rows of each set of nodes, of as many sets at a time as there is room for."""
        first = 0
        for sizes in _portions([len(each) for each in nodes], self.room.sample(self.width)):
            some = torch.cat(list(nodes[first : first + len(sizes)]))
            loaded = self.x.at(some, self.room.rows(self.width))
            yield from enumerate(loaded.split(sizes), first)
            first += len(sizes)

    def of_each(
        self,
        ask: Callable[..., T],
        nodes: Sequence[Int[Tensor, " _"]],
        given: Sequence[tuple[Any, ...]],
    ) -> list[T]:
        """What `ask` answers to the rows of each set of nodes.

        Scattered rows take a pass over the whole matrix, so a piece has as many sets as there is room for,
        unless there would be fewer pieces than can be done at a time.
        """
        sizes = [len(each) for each in nodes]
        share = -(-sum(sizes) // self.tasks.at_once)
        pieces, first = [], 0
        for portion in _portions(sizes, min(self.room.sample(self.width), share)):
            some = slice(first, first + len(portion))
            pieces.append((ask, self.x, nodes[some], given[some], self.room))
            first += len(portion)
        return [one for found in in_order(self.tasks, answer_sets, pieces) for one in found]

    def assigned(
        self, member: Int[Tensor, " n"], centres: Mapping[int, Float[Tensor, "k d"]]
    ) -> Int[Tensor, " n"]:
        """For each node, the nearest of its group's centres; −1 in groups without centres."""
        return torch.cat(self._by_portion(nearest_of_group, member, centres))

    def projected(
        self, member: Int[Tensor, " n"], onto: Mapping[int, Float[Tensor, "d k"]]
    ) -> Float[Tensor, "n k"]:
        """For each node, its row times its group's matrix; zero in groups without one."""
        return torch.cat(self._by_portion(projected_by_group, member, onto))

    def _by_portion(
        self, of_rows: OfRows, member: Int[Tensor, " n"], given: Mapping[int, Tensor]
    ) -> list[Tensor]:
        pieces = [
            (of_rows, self.x, member[first:last], given, first, self.room)
            for first, last in ranges(self.x.height, PORTION)
        ]
        return in_order(self.tasks, answer_rows, pieces)


OfRows = Callable[[Tensor, Tensor, Mapping[int, Tensor]], Tensor]
"""What is asked of some rows, their groups and what is given of each group."""


def answer_sets(
    ask: Callable[..., T],
    x: RowMatrix,
    nodes: Sequence[Int[Tensor, " _"]],
    given: Sequence[tuple[Any, ...]],
    room: Room,
) -> list[T]:
    """What is asked of the rows of each of these sets of nodes, which are read at once."""
    rows = x.at(torch.cat(list(nodes)), room.rows(x.width)).split([len(each) for each in nodes])
    return [ask(each, *more) for each, more in zip(rows, given, strict=True)]


def answer_rows(
    of_rows: OfRows,
    x: RowMatrix,
    member: Int[Tensor, " k"],
    given: Mapping[int, Tensor],
    first: int,
    room: Room,
) -> Tensor:
    """What is asked of the rows from `first` on, read block by block."""
    return torch.cat(
        [
            of_rows(x.rows(first + begin, first + end), member[begin:end], given)
            for begin, end in ranges(len(member), room.rows(x.width))
        ]
    )


def _portions(sizes: Sequence[int], most: int) -> list[list[int]]:
    """Consecutive sizes that together are at most `most`, or one alone."""
    portions: list[list[int]] = []
    for size in sizes:
        if not portions or sum(portions[-1]) + size > most:
            portions.append([])
        portions[-1].append(size)
    return portions
