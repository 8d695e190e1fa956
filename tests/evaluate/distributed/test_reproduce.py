"""A plan's trainings as Ray tasks: the same scores as in this process, and lost ones are told."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from condense.errors import UserError
from condense.io import save
from evaluate.executors import InProcess
from evaluate.reproduce import Score, read_plan, reproduce, score_store
from evaluate.reproduce.workload import PlanWorkload, Training
from tests.support.graphs import small_graph

pytestmark = pytest.mark.slow

PLAN = """
dataset = "mine.h5"
scaling = "none"
seeds = 2

[training]
epochs = 4
check_every = 2

[models.gcn]
settings = { hidden = 8 }

[models.hetcrf]
protocol = "probe"
settings = { hidden = 8, heads = 2, projected = 4 }
pretraining = { epochs = 3 }
probe = { steps = 20 }

[[published]]
model = "gcn"
source = "nowhere"

[[published]]
model = "hetcrf"
metric = "macro_f1"
source = "nowhere"

[[published]]
model = "hetcrf"
metric = "nmi"
dataset = "other.h5"
source = "nowhere"
"""


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph, the same with other splits, and the plan."""
    monkeypatch.chdir(tmp_path)
    graph = small_graph(num_target=80, weighted=True)
    graph.source = "real"
    save(Path("mine.h5"), graph)
    store = graph[graph.target]
    store.train_mask, store.val_mask = store.val_mask, store.train_mask
    save(Path("other.h5"), graph)
    Path("plan.toml").write_text(PLAN)


@pytest.fixture(scope="module", autouse=True)
def two_cpus() -> Iterator[None]:
    from evaluate.distributed.connect import connect

    with connect(cpus=2):
        yield


def untimed(scores: Sequence[Sequence[Score]]) -> set[tuple[Any, ...]]:
    return {
        (s.cell, s.dataset, s.model, s.seed, s.metric, s.value) for each in scores for s in each
    }


def test_scores_are_those_of_this_process() -> None:
    from evaluate.distributed.executor import OnRay

    plan = read_plan(Path("plan.toml"))
    here: list[Sequence[Score]] = []
    there: list[Sequence[Score]] = []
    ours = reproduce(plan, Path(), "cpu", on_scores=here.append, start=lambda: InProcess(1))
    theirs = reproduce(plan, Path(), "cpu", on_scores=there.append, start=lambda: OnRay(2))
    assert ours == theirs
    assert len(here) == len(there) == 6  # Of two seeds: one graph for GCN, two for HetCRF.
    assert untimed(here) == untimed(there)


def test_what_is_known_starts_nothing() -> None:
    plan = read_plan(Path("plan.toml"))
    store = score_store()
    first = reproduce(plan, Path(), "cpu", store=store)

    def start() -> Any:
        raise AssertionError("nothing to be trained")

    assert reproduce(plan, Path(), "cpu", store=store, start=start) == first


class Killed(PlanWorkload):
    """As by the kernel, where memory has run out."""

    def run(self, training: Training) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Refused(PlanWorkload):
    def run(self, training: Training) -> Any:
        raise UserError("no such thing")


def test_a_lost_process_and_an_error_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluate.distributed.executor import OnRay

    plan = read_plan(Path("plan.toml"))
    for work, said in (
        (Killed, r"gcn, seed 0: its process was lost .WorkerCrashedError.*fewer --jobs"),
        (Refused, "^no such thing$"),
    ):
        monkeypatch.setattr("evaluate.reproduce.run.PlanWorkload", work)
        with pytest.raises(UserError, match=said):
            reproduce(plan, Path(), "cpu", start=lambda: OnRay(1))


def test_what_is_broken_off_is_cancelled() -> None:
    """Ctrl-C, as whoever hears of scores meets it."""
    import ray

    from evaluate.distributed.executor import OnRay

    def interrupt(scores: Sequence[Score]) -> None:
        raise KeyboardInterrupt

    plan = read_plan(Path("plan.toml"))
    with pytest.raises(KeyboardInterrupt):
        reproduce(plan, Path(), "cpu", on_scores=interrupt, start=lambda: OnRay(2))
    # Another task finds room at once.
    assert ray.get(ray.remote(lambda: 7).options(num_cpus=2).remote(), timeout=60) == 7
