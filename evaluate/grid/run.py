"""One run of a grid: it reuses earlier results, runs the missing cells, and stores each as it ends."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from evaluate.executors import Executor, reason
from evaluate.grid.facts import GraphFacts
from evaluate.grid.plan import Cell, Group, Names, plan_grid
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.grid.workload import GridWorkload, TrainingResult
from evaluate.results.rows import Row
from evaluate.results.store import Failure, ResultStore, TriedSettings
from evaluate.training.finite import DivergedError
from evaluate.training.tasks import Task
from evaluate.training.tune import best_of, settings_text


@dataclass(frozen=True)
class EndedCell:
    """A cell that has ended, as a run reports it.

    Attributes:
        cell: the cell.
        facts: facts of the graph it was trained on.
        result: result of the cell, or the error that ended it.
        row: row of a tested cell; else None.
        done, total: numbers of finished cells and of all cells, including those of earlier runs.
    """

    cell: Cell
    facts: GraphFacts
    result: TrainingResult | Exception
    row: Row | None
    done: int
    total: int


Watch = Callable[[EndedCell], None]


class GridRun:
    """A run of the grid of one whole graph, planned when it is constructed.

    Attributes:
        workload: the graphs to train on.
        grid: the plan.
        known: number of cells that earlier runs have finished.
    """

    def __init__(
        self,
        task: Task,
        training_graphs: Sequence[TrainingGraph],
        protocol: Protocol,
        store: ResultStore,
        watch: Watch = lambda ended: None,
    ) -> None:
        """Plan the grid, and reuse earlier results from `store`.

        Raises:
            UnknownChoiceError: an unknown model.
            UserError: a training graph does not fit the whole graph, or was condensed in another setting.
        """
        self.workload = GridWorkload.of(task, training_graphs)
        task.check_testable()
        self.grid = plan_grid(Names.of(task, training_graphs), training_graphs, protocol)
        self._facts = [GraphFacts.of(task, training_graph) for training_graph in training_graphs]
        self._store, self._watch = store, watch
        self._queue: deque[Cell] = deque()
        # A candidate's cell -> the groups that wait for it.
        self._tuning: dict[str, list[Group]] = {}
        self._training: dict[str, list[_PendingRow]] = {}  # A cell -> its rows.
        self._rows: dict[_Key, tuple[int, Row]] = {}  # With places in the plan.
        self._done = 0
        for group in self.grid.groups:
            self._queue.extend(self._begin(group))
        self.known = self._done

    @property
    def rows(self) -> list[Row]:
        """The rows of tested cells, from this run or an earlier one, each once, in the plan's order."""
        return [row for _, row in sorted(self._rows.values(), key=lambda pair: pair[0])]

    @property
    def missing(self) -> int:
        """Number of cells that have not been run yet."""
        return len(self.grid) - self._done

    def go(self, executor: Executor) -> None:
        """Run the missing cells, and store each result as it arrives."""
        if not self._queue:
            return
        with closing(executor.run(self.workload, self._queue)) as results:
            for cell, result in results:
                if isinstance(result, DivergedError) and not cell.tests:
                    self._tried(cell, result)
                elif isinstance(result, Exception):
                    self._failed(cell, result)
                elif cell.tests:
                    self._trained(cell, result)
                else:
                    self._tried(cell, result)

    def _begin(self, group: Group) -> list[Cell]:
        """The cells to run first: a group's untried candidates or, if all are tried, its trainings."""
        unknown = [cell for cell in group.tuning if cell.name not in self._store.tried]
        self._done += len(group.tuning) - len(unknown)
        if not unknown:
            return self._chosen(group)
        new = [cell for cell in unknown if cell.name not in self._tuning]
        for cell in unknown:
            self._tuning.setdefault(cell.name, []).append(group)
        return new

    def _chosen(self, group: Group) -> list[Cell]:
        """Choose a group's settings, reuse its known trainings, and return the cells to run."""
        tried = [self._store.tried.get(cell.name)[-1] for cell in group.tuning]
        choice = group.choices[0]
        if tried:
            choice = best_of(group.choices, [candidate.val_micro_f1 for candidate in tried])
        seconds = sum(candidate.seconds for candidate in tried)
        known, unknown = [], []
        for place, cell in enumerate(self.grid.trainings(group, choice), group.first):
            row = self._store.row_of(cell.name)
            pending = _PendingRow(cell, place, seconds)
            if row is not None:
                known.append((pending, TrainingResult.of_row(row)))
                continue
            if cell.name not in self._training:
                unknown.append(cell)
            self._training.setdefault(cell.name, []).append(pending)
        self._keep(known)
        self._done += len(known)
        return unknown

    def _keep(self, trained: Sequence[tuple[_PendingRow, TrainingResult]]) -> list[Row]:
        """Store and return the rows of trainings; rows of a graph that was named twice are stored once."""
        rows, new = [], []
        for pending, outcome in trained:
            facts = self._facts[pending.cell.training_graph]
            rows.append(facts.row(pending.cell, outcome, pending.tune_seconds))
            key = pending.cell.name, facts.method, facts.condense_seed
            if key not in self._rows:
                self._rows[key] = pending.place, rows[-1]
                new.append(rows[-1])
        self._store.add_rows(new)
        return rows

    def _trained(self, cell: Cell, outcome: TrainingResult) -> None:
        trained = [(pending, outcome) for pending in self._training.pop(cell.name)]
        for (pending, _), row in zip(trained, self._keep(trained), strict=True):
            self._report(pending.cell, outcome, row)

    def _tried(self, cell: Cell, outcome: TrainingResult | DivergedError) -> None:
        """Store a candidate's score. One that diverged has none, would diverge again, and is not chosen."""
        facts, settings = self._facts[cell.training_graph], settings_text(cell.choice)
        score, seconds = (
            (math.nan, 0.0)
            if isinstance(outcome, DivergedError)
            else (outcome.val_micro_f1, outcome.seconds)
        )
        self._store.add_tried(
            TriedSettings(
                cell.name, facts.dataset, facts.method, cell.model, settings, score, seconds
            )
        )
        for group in self._tuning.pop(cell.name):
            self._report(cell, outcome)
            if all(candidate.name in self._store.tried for candidate in group.tuning):
                # They come next, so that an interrupted run leaves complete lines of the table.
                self._queue.extendleft(reversed(self._chosen(group)))

    def _failed(self, cell: Cell, error: Exception) -> None:
        """Store the failure. A group whose candidate failed waits, as fewer candidates would be unfair."""
        facts, seed = self._facts[cell.training_graph], cell.seed if cell.tests else None
        self._store.add_failure(
            Failure(
                cell.name, facts.dataset, facts.method, cell.model, facts.condense_seed, seed,
                reason(error),
            )
        )  # fmt: skip
        for _ in (self._training if cell.tests else self._tuning).pop(cell.name):
            self._report(cell, error)

    def _report(
        self, cell: Cell, result: TrainingResult | Exception, row: Row | None = None
    ) -> None:
        self._done += 1
        facts = self._facts[cell.training_graph]
        self._watch(EndedCell(cell, facts, result, row, self._done, len(self.grid)))


_Key = tuple[str, str, int | None]


@dataclass(frozen=True)
class _PendingRow:
    """A row whose training has not been run yet."""

    cell: Cell
    place: int
    tune_seconds: float
