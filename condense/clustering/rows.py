"""Coordinates of nodes, and the nearest of their group's centres."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

T = TypeVar("T")
ASSIGNED = 4096
"""Rows whose distances from all centres are computed at a time."""


@runtime_checkable
class Rows(Protocol):
    """Coordinates of nodes, one row each, in memory or on disk."""

    @property
    def width(self) -> int:
        """Their number."""
        ...

    def at(self, nodes: Sequence[Int[Tensor, " _"]]) -> Iterator[tuple[int, Tensor]]:
        """The number and the rows of each of these sets of nodes."""
        ...

    def of_each(
        self,
        ask: Callable[..., T],
        nodes: Sequence[Int[Tensor, " _"]],
        given: Sequence[tuple[Any, ...]],
    ) -> list[T]:
        """What `ask` answers to the rows of each set of nodes, and to what is given of the set."""
        ...

    def assigned(
        self, member: Int[Tensor, " n"], centres: Mapping[int, Tensor]
    ) -> Int[Tensor, " n"]:
        """For each node, the nearest of its group's centres; −1 in groups without centres."""
        ...

    def projected(
        self, member: Int[Tensor, " n"], onto: Mapping[int, Float[Tensor, "d k"]]
    ) -> Float[Tensor, "n k"]:
        """For each node, its row times its group's matrix; zero in groups without one."""
        ...


@dataclass(frozen=True)
class RowsInMemory:
    """Rows x [n, d]."""

    x: Tensor

    @property
    def width(self) -> int:
        """See `Rows`."""
        return self.x.size(1)

    def at(self, nodes: Sequence[Tensor]) -> Iterator[tuple[int, Tensor]]:
        """See `Rows`."""
        for number, each in enumerate(nodes):
            yield number, self.x[each]

    def of_each(
        self, ask: Callable[..., T], nodes: Sequence[Tensor], given: Sequence[tuple[Any, ...]]
    ) -> list[T]:
        """See `Rows`."""
        return [ask(self.x[each], *more) for each, more in zip(nodes, given, strict=True)]

    def assigned(self, member: Tensor, centres: Mapping[int, Tensor]) -> Tensor:
        """See `Rows`."""
        return nearest_of_group(self.x, member, centres)

    def projected(self, member: Tensor, onto: Mapping[int, Tensor]) -> Tensor:
        """See `Rows`."""
        return projected_by_group(self.x, member, onto)


def nearest(x: Float[Tensor, "n d"], centres: Float[Tensor, "k d"]) -> Int[Tensor, " n"]:
    """The nearest centre of each row."""
    return torch.addmm(centres.square().sum(dim=1), x, centres.T, alpha=-2).argmin(dim=1)


def nearest_of_group(
    x: Float[Tensor, "n d"], member: Int[Tensor, " n"], centres: Mapping[int, Tensor]
) -> Int[Tensor, " n"]:
    """For each row, the nearest of its group's centres; −1 in groups without centres."""
    found = torch.full_like(member, -1)
    for group, mine in centres.items():
        for part in (member == group).nonzero().flatten().split(ASSIGNED):
            found[part] = nearest(x[part], mine)
    return found


def projected_by_group(
    x: Float[Tensor, "n d"], member: Int[Tensor, " n"], onto: Mapping[int, Float[Tensor, "d k"]]
) -> Float[Tensor, "n k"]:
    """For each row, its product with its group's matrix; zero in groups without one."""
    width = max((each.size(1) for each in onto.values()), default=0)
    found = x.new_zeros(len(x), width)
    for group, each in onto.items():
        mine = (member == group).nonzero().flatten()
        found[mine] = x[mine] @ each
    return found
