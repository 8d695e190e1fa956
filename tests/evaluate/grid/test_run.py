"""A run of the grid goes on where another ended, and one failure costs nothing else."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from condense.budget import plan
from condense.errors import FileError
from condense.run import condense
from evaluate.executors import InProcess, reason
from evaluate.grid import workload as module
from evaluate.grid.evaluate import evaluate
from evaluate.grid.plan import Cell
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.grid.run import EndedCell, GridRun
from evaluate.grid.workload import GridWorkload, TrainingResult, run_cell
from evaluate.results.records import read_records
from evaluate.results.rows import Row, read_rows
from evaluate.results.store import Failure, ResultStore
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from tests.support.graphs import small_graph

PROTOCOL = Protocol(
    ("mlp", "sgc"), seeds=2, tune=2, training=TrainSettings(epochs=4, check_every=2)
)
CELLS = 2 * 3 * (2 + 2)  # Models × graphs × (candidates + seeds).


@pytest.fixture(scope="module")
def task() -> EvaluationTask:
    return EvaluationTask.of(small_graph(num_target=80))


@pytest.fixture(scope="module")
def training_graphs(task: EvaluationTask) -> list[TrainingGraph]:
    found = [TrainingGraph("whole", task.trained_whole())]
    for method in ("kmeans", "random"):
        made = condense(task.raw, plan(task.raw, 0.2), method, device="cpu")
        found.append(TrainingGraph(method, made.graph, made))
    return found


@pytest.fixture(scope="module")
def expected(task: EvaluationTask, training_graphs: list[TrainingGraph]) -> list[Row]:
    return evaluate(task, training_graphs, PROTOCOL)


class Counting:
    """Runs cells here, at most so many, and remembers which."""

    def __init__(
        self, most: int = 1000, breaks: Callable[[Cell], bool] = lambda cell: False
    ) -> None:
        self.most, self.breaks = most, breaks
        self.ran: list[str] = []

    def run(self, workload: Any, queue: deque[Any]) -> Generator[Any, None, None]:
        while queue and len(self.ran) < self.most:
            cell = queue.popleft()
            self.ran.append(cell.name)
            if self.breaks(cell):
                yield cell, MemoryError("no memory for this\nand more")
            else:
                yield cell, run_cell(workload, cell)


def scores(rows: list[Row]) -> list[tuple[Any, ...]]:
    """All of rows but what is measured by a clock."""
    kept = [f.name for f in dataclasses.fields(Row) if "seconds" not in f.name]
    return [tuple(getattr(row, name) for name in kept if name != "peak_mib") for row in rows]


@pytest.mark.parametrize("most", [1, 3, 7, CELLS - 1])
def test_a_run_goes_on_where_another_ended(
    most: int,
    tmp_path: Path,
    task: EvaluationTask,
    training_graphs: list[TrainingGraph],
    expected: list[Row],
) -> None:
    first, second = Counting(most), Counting()
    GridRun(task, training_graphs, PROTOCOL, ResultStore(tmp_path)).go(first)
    ended: list[EndedCell] = []
    store = ResultStore(tmp_path)
    run = GridRun(task, training_graphs, PROTOCOL, store, ended.append)
    assert (run.known, run.missing) == (most, CELLS - most)
    run.go(second)
    assert len(first.ran) == most
    assert len({*first.ran, *second.ran}) == CELLS == most + len(second.ran)
    assert scores(run.rows) == scores(expected)
    assert [(e.done, e.total) for e in ended] == [(i, CELLS) for i in range(most + 1, CELLS + 1)]
    kept = read_rows(tmp_path / "results.csv")
    assert sorted(scores(kept), key=str) == sorted(scores(expected), key=str)
    assert {row.cell: row.train_seconds for row in kept} == {
        row.cell: row.train_seconds for row in run.rows
    }

    nothing = Counting()
    third = GridRun(task, training_graphs, PROTOCOL, ResultStore(tmp_path))
    third.go(nothing)
    assert nothing.ran == []
    assert third.rows == run.rows


def test_a_failed_training_is_kept_and_tried_again(
    tmp_path: Path, task: EvaluationTask, training_graphs: list[TrainingGraph], expected: list[Row]
) -> None:
    def breaks(cell: Cell) -> bool:
        return cell.tests and (cell.model, cell.training_graph, cell.seed) == ("sgc", 2, 1)

    store = ResultStore(tmp_path)
    ended: list[EndedCell] = []
    run = GridRun(task, training_graphs, PROTOCOL, store, ended.append)
    run.go(Counting(breaks=breaks))
    assert len(run.rows) == len(expected) - 1
    (failure,) = store.failures
    assert (failure.method, failure.model, failure.train_seed) == ("random", "sgc", 1)
    assert failure.reason == "MemoryError: no memory for this"
    assert read_records(tmp_path / "failures.csv", Failure, "", "") == [failure]
    assert [e.result for e in ended if e.row is None and e.cell.tests] == [ended[-1].result]

    again, store = Counting(), ResultStore(tmp_path)
    assert not (tmp_path / "failures.csv").exists()
    run = GridRun(task, training_graphs, PROTOCOL, store)
    run.go(again)
    assert again.ran == [failure.cell]
    assert store.failures == []
    assert scores(run.rows) == scores(expected)


def test_without_all_candidates_nothing_is_chosen(
    tmp_path: Path, task: EvaluationTask, training_graphs: list[TrainingGraph], expected: list[Row]
) -> None:
    """A method that lost a candidate to an error would have been tuned less than the others."""
    failed: list[Cell] = []

    def breaks(cell: Cell) -> bool:
        if not cell.tests and cell.model == "mlp" and cell.training_graph == 1 and not failed:
            failed.append(cell)
            return True
        return False

    store = ResultStore(tmp_path)
    run = GridRun(task, training_graphs, PROTOCOL, store)
    run.go(Counting(breaks=breaks))
    assert {(r.model, r.method) for r in expected} - {(r.model, r.method) for r in run.rows} == {
        ("mlp", "kmeans")
    }
    assert [(f.cell, f.train_seed) for f in store.failures] == [(failed[0].name, None)]
    assert run.missing == 2
    run = GridRun(task, training_graphs, PROTOCOL, ResultStore(tmp_path))
    run.go(Counting())
    assert scores(run.rows) == scores(expected)


def relabelled(seed: int = 0) -> EvaluationTask:
    """The task with two test labels exchanged; nothing else differs."""
    graph = small_graph(seed, num_target=80)
    rows = graph["movie"].test_mask.nonzero().flatten()[:2]
    assert graph["movie"].y[rows[0]] != graph["movie"].y[rows[1]]
    graph["movie"].y[rows] = graph["movie"].y[rows.flip(0)]
    return EvaluationTask.of(graph)


def test_corrected_test_labels_are_scored_anew_and_tuning_is_kept(
    tmp_path: Path, task: EvaluationTask, training_graphs: list[TrainingGraph], expected: list[Row]
) -> None:
    GridRun(task, training_graphs, PROTOCOL, ResultStore(tmp_path)).go(Counting())
    corrected, again = relabelled(), Counting()
    assert corrected.fingerprint == task.fingerprint  # Condensers and trainers see no difference.
    assert corrected.test_digest != task.test_digest
    run = GridRun(corrected, training_graphs, PROTOCOL, ResultStore(tmp_path))
    assert run.known == CELLS / 2  # The candidates, which no test label scores.
    run.go(again)
    fresh = evaluate(corrected, training_graphs, PROTOCOL)
    assert scores(run.rows) == scores(fresh)
    assert [r.micro_f1 for r in run.rows] != [r.micro_f1 for r in expected]
    assert [r.val_micro_f1 for r in run.rows] == [r.val_micro_f1 for r in expected]
    kept = read_rows(tmp_path / "results.csv")
    assert {row.test_labels for row in kept} == {corrected.test_digest}
    third = GridRun(corrected, training_graphs, PROTOCOL, ResultStore(tmp_path))
    assert third.missing == 0


def test_a_mean_never_mixes_scores_of_different_test_labels(
    tmp_path: Path, task: EvaluationTask, training_graphs: list[TrainingGraph]
) -> None:
    protocol = Protocol(("mlp", "sgc"), seeds=2, training=PROTOCOL.training)
    GridRun(task, training_graphs, protocol, ResultStore(tmp_path)).go(Counting())
    corrected = relabelled()
    GridRun(corrected, training_graphs, protocol, ResultStore(tmp_path)).go(Counting(most=1))
    kept = read_rows(tmp_path / "results.csv")
    labels = {(row.model, row.method): set() for row in kept}
    for row in kept:
        labels[row.model, row.method].add(row.test_labels)
    assert labels.pop(("mlp", "whole")) == {corrected.test_digest}
    assert set().union(*labels.values()) == {task.test_digest}


def test_a_training_that_diverges_is_a_failure_that_names_its_epoch(
    tmp_path: Path, task: EvaluationTask, training_graphs: list[TrainingGraph]
) -> None:
    training = dataclasses.replace(PROTOCOL.training, lr=1e38)
    store = ResultStore(tmp_path)
    run = GridRun(task, training_graphs[:1], Protocol(("mlp", "sgc"), 1, training=training), store)
    run.go(InProcess())
    assert run.rows == []
    assert {f.model for f in read_records(tmp_path / "failures.csv", Failure, "", "")} == {
        "mlp", "sgc",
    }  # fmt: skip
    for failure in store.failures:
        assert re.match(r"DivergedError: .* \(got .* in epoch \d\) must be finite", failure.reason)


def test_settings_that_diverge_are_not_chosen_and_not_tried_again(
    tmp_path: Path, task: EvaluationTask, training_graphs: list[TrainingGraph]
) -> None:
    """The default's learning rate lets it diverge; the other candidate is drawn with one of its own."""
    protocol = dataclasses.replace(
        PROTOCOL, models=("sgc",), training=dataclasses.replace(PROTOCOL.training, lr=1e38)
    )
    store = ResultStore(tmp_path)
    run = GridRun(task, training_graphs[:1], protocol, store)
    run.go(InProcess())
    assert len(run.rows) == 2
    assert store.failures == []
    scores_of = {t.settings: t.val_micro_f1 for t in store.tried}
    assert [math.isnan(score) for score in scores_of.values()] == [True, False]
    assert {row.settings for row in run.rows} == {list(scores_of)[1]}
    again = GridRun(task, training_graphs[:1], protocol, ResultStore(tmp_path))
    assert again.missing == 0
    assert [r.settings for r in evaluate(task, training_graphs[:1], protocol)] == [
        r.settings for r in run.rows
    ]


def test_an_error_of_a_training_here_is_caught_and_an_interruption_is_not(
    task: EvaluationTask, training_graphs: list[TrainingGraph], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Cell] = []

    def train(workload: GridWorkload, cell: Cell) -> TrainingResult:
        calls.append(cell)
        if len(calls) == 2:
            raise RuntimeError("broken")
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run_cell(workload, cell)

    monkeypatch.setattr(module, "run_cell", train)
    store = ResultStore()
    run = GridRun(task, training_graphs, dataclasses.replace(PROTOCOL, tune=1), store)
    with pytest.raises(KeyboardInterrupt):
        run.go(InProcess())
    assert len(run.rows) == 2
    assert [f.reason for f in store.failures] == ["RuntimeError: broken"]
    calls.clear()
    with pytest.raises(RuntimeError, match="broken"):  # Python code is told at once.
        evaluate(task, training_graphs, PROTOCOL)


def test_one_graph_under_two_names_is_trained_once(
    task: EvaluationTask, training_graphs: list[TrainingGraph]
):
    twin = dataclasses.replace(training_graphs[1], label="twin")
    executor, protocol = Counting(), dataclasses.replace(PROTOCOL, tune=1)
    run = GridRun(task, [*training_graphs[:2], twin, twin], protocol, ResultStore())
    run.go(executor)
    assert len(executor.ran) == 2 * 2 * 2
    found = [(r.method, r.model, r.train_seed) for r in run.rows]
    assert sorted(found) == sorted(
        (method, model, seed)
        for method in ("whole", "kmeans", "twin")
        for model in ("mlp", "sgc")
        for seed in (0, 1)
    )


def test_rows_of_an_earlier_comparison_stay_unless_their_place_is_taken(
    tmp_path: Path, task: EvaluationTask, training_graphs: list[TrainingGraph]
) -> None:
    short = dataclasses.replace(PROTOCOL, tune=1, models=("mlp",))
    GridRun(task, training_graphs, short, ResultStore(tmp_path)).go(InProcess())
    first = read_rows(tmp_path / "results.csv")
    GridRun(
        task,
        training_graphs,
        dataclasses.replace(short, models=("sgc",)),
        ResultStore(tmp_path),
    ).go(InProcess())
    assert read_rows(tmp_path / "results.csv")[: len(first)] == first
    longer = dataclasses.replace(short, training=TrainSettings(epochs=6, check_every=2))
    GridRun(task, training_graphs, longer, ResultStore(tmp_path)).go(InProcess())
    rows = read_rows(tmp_path / "results.csv")
    assert len(rows) == 2 * len(first)
    assert all("epochs=6" in row.settings for row in rows if row.model == "mlp")

    fresh = ResultStore(tmp_path, fresh=True)
    assert list(tmp_path.iterdir()) == []
    assert fresh.row_of(rows[0].cell) is None
    (tmp_path / "results.csv").write_text("something,else\n")
    with pytest.raises(FileError, match=r"results.csv cannot be read as results: .*--fresh"):
        ResultStore(tmp_path)


def test_the_reason_is_one_line() -> None:
    assert reason(ValueError("\n  first\nsecond")) == "ValueError: first"
    assert reason(KeyError()) == "KeyError"
    assert len(reason(RuntimeError("x" * 1000))) == 300
