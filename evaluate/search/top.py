"""The best architectures of a search, retrained on the whole graph and tested once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluate.grid.evaluate import seed_rows
from evaluate.grid.protocol import TrainingGraph
from evaluate.results.record_store import RecordStore
from evaluate.results.rows import REMEDY, WHOLE, Row
from evaluate.search.architecture import Architecture
from evaluate.search.record import TrialRow
from evaluate.search.space import Space
from evaluate.training.task import EvaluationTask


def best(trials: Sequence[TrialRow], space: Space, count: int) -> list[Architecture]:
    """The `count` distinct architectures with the highest scores; the earliest of equals first."""
    scored = [row for row in trials if not math.isnan(row.score)]
    chosen: dict[tuple[str, str], Architecture] = {}
    for row in sorted(scored, key=lambda row: (-row.score, row.trial)):
        if len(chosen) == count:
            break
        chosen.setdefault((row.model, row.settings), space.parse(row.model, row.settings))
    return list(chosen.values())


def raised(architecture: Architecture, error: Exception) -> None:
    """Raise the error: a failure ends the whole."""
    raise error


def retrain(
    task: EvaluationTask,
    architectures: Sequence[Architecture],
    space: Space,
    seeds: int,
    path: Path,
    on_row: Callable[[Row], None],
    on_failure: Callable[[Architecture, Exception], None] = raised,
) -> list[Row]:
    """Train architectures on the whole graph with seeds 0, 1, …; choose epochs on validation nodes, and test.

    Args:
        task: the whole graph.
        architectures: chosen by their scores on the condensed graph.
        space: sets the epochs of each training.
        seeds: number of trainings of each architecture.
        path: path of the file of rows; trainings listed there are not run again.
        on_row: called for every row.
        on_failure: called for an architecture whose training fails; the others go on.
    """
    store = RecordStore(Row, lambda row: row.cell, path, "results", REMEDY)
    whole, rows = TrainingGraph(WHOLE, task.trained_whole()), []
    for architecture in architectures:
        choice = architecture.candidate(space.epochs, space.check_every)
        try:
            for row in seed_rows(
                task, whole, task.training, architecture.model, choice, range(seeds), store=store
            ):
                rows.append(row)
                on_row(row)
        except Exception as error:
            on_failure(architecture, error)
    store.restrict(rows)
    return rows
