"""Training models on whole and condensed graphs by one protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from condense.data.graph import MultimodalGraph
from evaluate.arena import Arena
from evaluate.book import Book
from evaluate.drivers import InProcess
from evaluate.facts import GraphFacts
from evaluate.grid import Names
from evaluate.grid_run import Ended, GridRun
from evaluate.outcome import Setup, run_cell
from evaluate.protocol import Contestant, Protocol
from evaluate.results import Row
from evaluate.tune import Candidate


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


def seed_rows(
    arena: Arena,
    contestant: Contestant,
    graph: MultimodalGraph,
    name: str,
    choice: Candidate,
    seeds: Sequence[int],
    tune_seconds: float = 0.0,
    known: Mapping[str, Row] = MappingProxyType({}),
) -> Iterator[Row]:
    """One row a training seed, each trained and tested as it is asked for, unless it is known.

    Args:
        arena: the whole graph.
        contestant: what is trained on, in the data set's units.
        graph: the same in the models' units.
        name: of the model.
        choice: its settings and training.
        seeds: of the trainings.
        tune_seconds: what choosing took.
        known: rows of earlier runs by their `cell`.
    """
    setup, facts = Setup(arena, [contestant], [graph]), GraphFacts.of(arena, contestant)
    names = Names.of(arena, [contestant])
    for seed in seeds:
        cell = names.cell(0, name, choice, seed)
        if cell.name in known:
            yield known[cell.name]
        else:
            yield facts.row(cell, run_cell(setup, cell), tune_seconds)
