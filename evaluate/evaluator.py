"""Training models on whole and condensed graphs by one protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evaluate.arena import Arena
from evaluate.book import Book
from evaluate.drivers import InProcess
from evaluate.grid_run import Ended, GridRun
from evaluate.protocol import Contestant, Protocol
from evaluate.results import Row


def evaluate(
    arena: Arena,
    contestants: Sequence[Contestant],
    protocol: Protocol,
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Train every model on every contestant, here and now, and test it on the whole graph.

    Args:
        arena: the whole graph.
        contestants: graphs to train on.
        protocol: the same for all of them.
        on_row: called as each training ends.

    Raises:
        UnknownChoiceError: an unknown model.
        UserError: a contestant does not fit the whole graph, or was condensed in another setting.
        Exception: whatever a training ended in; `GridRun` keeps it and goes on.
    """

    def watch(ended: Ended) -> None:
        if isinstance(ended.result, Exception):
            raise ended.result
        if ended.row is not None:
            on_row(ended.row)

    run = GridRun(arena, contestants, protocol, Book(), watch)
    run.go(InProcess())
    return run.rows
