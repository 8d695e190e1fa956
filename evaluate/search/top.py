"""The best architectures of a search, retrained on the whole graph and tested once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluate.grid.evaluate import seed_rows
from evaluate.grid.protocol import TrainingGraph
from evaluate.results.rows import WHOLE, Row, read_rows, write_rows
from evaluate.search.architecture import Architecture
from evaluate.search.record import TrialRow
from evaluate.search.space import Space
from evaluate.training.task import EvaluationTask


def best(trials: Sequence[TrialRow], space: Space, count: int) -> list[Architecture]:
    """The `count` distinct architectures of the greatest scores, the first of equals first."""
    scored = [row for row in trials if not math.isnan(row.score)]
    found: dict[tuple[str, str], Architecture] = {}
    for row in sorted(scored, key=lambda row: (-row.score, row.trial)):
        if len(found) == count:
            break
        found.setdefault((row.model, row.settings), space.parse(row.model, row.settings))
    return list(found.values())


def retrain(
    task: EvaluationTask,
    architectures: Sequence[Architecture],
    space: Space,
    seeds: int,
    path: Path,
    on_row: Callable[[Row], None],
) -> list[Row]:
    """Train each on the whole graph with seeds 0, 1, …, choose its epoch on validation nodes, and test it.

    Args:
        task: the whole graph.
        architectures: chosen already.
        space: for the epochs.
        seeds: trainings of each.
        path: where rows are kept; those that are there are not run again.
        on_row: called for every row.
    """
    known = {row.cell: row for row in read_rows(path)} if path.exists() else {}
    whole, rows = TrainingGraph(WHOLE, task.trained_whole()), []
    for architecture in architectures:
        choice = architecture.candidate(space.epochs, space.check_every)
        for row in seed_rows(
            task, whole, task.training, architecture.model, choice, range(seeds), known=known
        ):
            rows.append(row)
            if row.cell not in known:
                known[row.cell] = row
                write_rows(path, known.values())
            on_row(row)
    write_rows(path, rows)
    return rows
