"""Rows on disk for k-means, see `condense.clustering.rows`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.rows import nearest_of_group
from condense.out_of_core.columns import RowMatrix
from condense.out_of_core.propagation import PORTION
from condense.out_of_core.room import Room
from condense.out_of_core.tasks import Tasks, ranges


@dataclass(frozen=True)
class RowsOnDisk:
    """Rows of a matrix on disk.

    Attributes:
        x: one row a node.
        room: how much is read at a time.
        tasks: where rows are assigned.
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

    def assigned(
        self, member: Int[Tensor, " n"], centres: Mapping[int, Float[Tensor, "k d"]]
    ) -> Int[Tensor, " n"]:
        """For each node, the nearest of its group's centres; −1 in groups without centres."""
        found, ends = torch.empty_like(member), ranges(self.x.height, PORTION)
        pieces = [(self.x, member[a:b], centres, a, self.room) for a, b in ends]
        for number, nearest in self.tasks.run(assign_rows, pieces):
            found[slice(*ends[number])] = nearest
        return found


def assign_rows(
    x: RowMatrix,
    member: Int[Tensor, " k"],
    centres: Mapping[int, Float[Tensor, "k d"]],
    first: int,
    room: Room,
) -> Int[Tensor, " k"]:
    """The nearest of its group's centres for each row from `first` on."""
    found = []
    for begin, end in ranges(len(member), room.rows(x.width)):
        rows = x.rows(first + begin, first + end)
        found.append(nearest_of_group(rows, member[begin:end], centres))
    return torch.cat(found)


def _portions(sizes: Sequence[int], most: int) -> list[list[int]]:
    """Consecutive sizes that together are at most `most`, or one alone."""
    portions: list[list[int]] = []
    for size in sizes:
        if not portions or sum(portions[-1]) + size > most:
            portions.append([])
        portions[-1].append(size)
    return portions
