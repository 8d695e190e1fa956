"""Where independent pieces of work are done: one after another here, or wherever a caller has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol


class Tasks(Protocol):
    """Does pieces of work that neither read nor write what others write.

    A piece may be done twice, where a process or a machine is lost: it writes the same again.
    """

    @property
    def at_once(self) -> int:
        """How many pieces are worked on at a time, at most."""
        ...

    def run(
        self, piece: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """The number and the result of each piece, as they end.

        Args:
            piece: called with each of `arguments`.
            arguments: of the pieces.
        """
        ...

    def check_folder(self, folder: Path) -> None:
        """Raise a UserError where pieces would not find a folder that this process sees."""
        ...


class InThisProcess:
    """Does pieces one after another."""

    at_once = 1

    def check_folder(self, folder: Path) -> None:
        """See `Tasks`."""

    def run(
        self, piece: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """See `Tasks`."""
        for number, given in enumerate(arguments):
            yield number, piece(*given)


def in_order(
    tasks: Tasks, piece: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
) -> list[Any]:
    """All results, in the order of their pieces, so that sums do not depend on who was first."""
    found = dict(tasks.run(piece, arguments))
    return [found[number] for number in range(len(arguments))]


def ranges(count: int, step: int) -> list[tuple[int, int]]:
    """Consecutive parts of 0 … count − 1 of at most `step` numbers, from the first until before the last."""
    return [(first, min(first + step, count)) for first in range(0, count, step)]
