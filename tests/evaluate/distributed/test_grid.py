"""Cells as Ray tasks: the same rows as in this process, and failures of every kind are told."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.run import condense
from evaluate.executors import InProcess
from evaluate.grid.plan import Cell
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.grid.run import GridRun
from evaluate.grid.workload import GridWorkload, TrainingResult
from evaluate.results.rows import Row
from evaluate.results.store import ResultStore
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from models.registry import MODELS
from tests.support.graphs import small_graph

pytestmark = pytest.mark.slow

SHORT = TrainSettings(epochs=2, check_every=1)


@pytest.fixture(scope="module", autouse=True)
def two_cpus() -> Iterator[None]:
    from evaluate.distributed.connect import connect

    with connect(cpus=2) as cpus:
        assert cpus == 2
        yield


def training_graphs(task: EvaluationTask) -> list[TrainingGraph]:
    found = [TrainingGraph("whole", task.trained_whole())]
    for method in ("coarsening", "random"):
        budget = plan(task.raw, 0.3 if task.setting == "inductive" else 0.2, setting=task.setting)
        made = condense(task.raw, budget, method, device="cpu")
        found.append(TrainingGraph(method, made.graph, made))
    return found


def scores(rows: list[Row]) -> list[dict[str, Any]]:
    """All of rows but what a clock measures, and memory."""
    return [
        {k: v for k, v in dataclasses.asdict(row).items() if "seconds" not in k and k != "peak_mib"}
        for row in rows
    ]


@pytest.mark.parametrize(
    ("setting", "models", "tune"),
    [("transductive", tuple(MODELS), 1), ("inductive", ("mlp", "gcn"), 3)],
)
def test_rows_are_those_of_this_process(setting: Any, models: tuple[str, ...], tune: int) -> None:
    """All models, as workers read the graph from memory that they cannot write to."""
    from evaluate.distributed.executor import OnRay

    task = EvaluationTask.of(small_graph(num_target=80, weighted=True), setting=setting)
    protocol = Protocol(models, seeds=2 if tune > 1 else 1, tune=tune, training=SHORT)
    graphs, stores = training_graphs(task)[:2], [ResultStore(), ResultStore()]
    runs = [GridRun(task, graphs, protocol, store) for store in stores]
    for run, executor in zip(runs, (InProcess(threads=1), OnRay(jobs=2)), strict=True):
        run.go(executor)
    assert [store.failures for store in stores] == [[], []]
    assert len(runs[0].rows) == len(models) * 2 * protocol.seeds
    assert scores(runs[0].rows) == scores(runs[1].rows)
    assert {row.threads for run in runs for row in run.rows} == {1}
    tried = [{tried.cell: tried.val_micro_f1 for tried in store.tried} for store in stores]
    assert tried[0] == tried[1]
    assert len(tried[0]) == (len(models) * 2 * tune if tune > 1 else 0)


class Broken(GridWorkload):
    """Three of nine cells end badly, each in another way; the others have one thread."""

    def run(self, cell: Cell) -> Iterator[TrainingResult]:
        if cell.seed == 1 and cell.training_graph == 0:
            raise ValueError("cannot be trained\nsecond line")
        if cell.seed == 1 and cell.training_graph == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if cell.seed == 1 and cell.training_graph == 2:
            raise Unpicklable(lambda: None)
        assert torch.get_num_threads() == 1
        assert os.environ["OMP_NUM_THREADS"] == "1"
        return super().run(cell)


class Unpicklable(Exception):
    """An error that cannot be sent as it is."""

    def __init__(self, what: Any) -> None:
        super().__init__("not to be sent")
        self.what = (what, (i for i in range(3)))


def test_a_failure_of_any_kind_costs_its_own_cell_alone() -> None:
    from evaluate.distributed.executor import OnRay

    task, store = EvaluationTask.of(small_graph(num_target=80)), ResultStore()
    run = GridRun(task, training_graphs(task), Protocol(("mlp",), 3, training=SHORT), store)
    run.workload = Broken.of(task, run.workload.training_graphs)
    run.go(OnRay(jobs=2))
    assert sorted((r.method, r.train_seed) for r in run.rows) == sorted(
        (method, seed) for method in ("whole", "coarsening", "random") for seed in (0, 2)
    )
    reasons = {f.method: f.reason for f in store.failures}
    assert reasons["whole"] == "ValueError: cannot be trained"
    assert reasons["coarsening"].startswith("WorkerCrashedError: ")
    assert "Unpicklable" in reasons["random"]
    assert all("\n" not in text for text in reasons.values())


def test_what_is_broken_off_is_cancelled() -> None:
    """Ctrl-C, as the consumer of results meets it."""
    import ray

    from evaluate.distributed.executor import OnRay

    task, store = EvaluationTask.of(small_graph(num_target=80)), ResultStore()

    def interrupt(ended: object) -> None:
        raise KeyboardInterrupt

    run = GridRun(
        task, training_graphs(task), Protocol(("mlp", "sgc"), 3, training=SHORT), store, interrupt
    )
    with pytest.raises(KeyboardInterrupt):
        run.go(OnRay(jobs=2))
    assert len(store.rows) == 1
    # Another task finds room at once.
    assert ray.get(ray.remote(lambda: 7).options(num_cpus=2).remote(), timeout=60) == 7
