"""The loop keeps the best graph, resumes where it was, and ends well when interrupted or divergent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.errors import UserError
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import Synthesised, synthesise, validator_of
from condense.methods.homogeneous.start import classes_of, random_training_nodes
from condense.methods.protocol import Task
from condense.running.checkpoints import Checkpoints
from condense.running.steps import Step
from condense.running.timing import StageClock
from tests.support.graphs import film_graph

RUN = {"method": "drift"}


class Drift:
    """Moves features away from where they start, by random steps."""

    def __init__(self, view: HomogeneousGraph, task: Task, size: float, stop_at: int = 0) -> None:
        rows = random_training_nodes(view, task.budget, task.generator)
        self.x, self.y = view.x[rows].clone(), classes_of(view, task.budget)
        self.graph = {"features": self.x}
        self.moved = torch.zeros(())
        self.adams, self.state = {}, {"moved": self.moved}
        self.size, self.stop_at, self.generator = size, stop_at, task.generator

    def update(self, step: int) -> dict[str, float]:
        if step == self.stop_at:
            raise KeyboardInterrupt
        self.x += self.size * torch.randn(self.x.shape, generator=self.generator)
        self.moved += self.size
        return {"moved": float(self.moved)}

    def propagated(self) -> torch.Tensor:
        return self.x


def run(
    size: float,
    steps: int = 12,
    stop_at: int = 0,
    folder: Path | None = None,
    resume: bool = False,
    kind: type[Drift] = Drift,
) -> tuple[torch.Tensor, Drift, Synthesised, list[Step]]:
    """The features at the start, the synthesis after it, what was reached and the steps reported."""
    graph = complete(hide_test_labels(film_graph(num_target=80)))
    checkpoints = Checkpoints(folder, resume=resume)
    checkpoints.begin(RUN, StageClock(torch.device("cpu")))
    seen: list[Step] = []
    generator = torch.Generator().manual_seed(0)
    budget = plan(graph, 0.2)
    task = Task(graph, graph, budget, generator, on_step=seen.append, checkpoints=checkpoints)
    view = HomogeneousGraph.of(graph)
    synthesis = kind(view, task, size, stop_at)
    start = synthesis.x.clone()
    reached = synthesise(
        task, synthesis, validator_of(task, view, 1), steps, 3, ("lr_features", size)
    )
    return start, synthesis, reached, seen


def test_the_best_graph_on_validation_nodes_is_kept() -> None:
    start, synthesis, reached, seen = run(size=3.0)
    # Noise three times the features' size never helps here, so the start stays the best.
    assert reached.measures["best_step"] == 0
    assert torch.equal(synthesis.graph["features"], start)
    assert [r["step"] for r in reached.history] == [3, 6, 9, 12]
    assert [s.index for s in seen] == [3, 6, 9, 12]
    assert all(r["val_score"] <= reached.measures["start_val_score"] for r in reached.history)
    _, synthesis, reached, _ = run(size=0.0)
    assert reached.measures["best_val_score"] == reached.measures["start_val_score"]


def test_no_steps_keep_the_start() -> None:
    start, synthesis, reached, _ = run(size=1.0, steps=0)
    assert torch.equal(synthesis.graph["features"], start)
    assert reached.complete
    assert reached.history == []


def test_resumes_to_the_same_result(tmp_path: Path) -> None:
    _, straight, expected, _ = run(size=0.3)
    _, _, stopped, _ = run(size=0.3, stop_at=8, folder=tmp_path / "c")
    assert not stopped.complete
    assert [r["step"] for r in stopped.history] == [3, 6]
    _, resumed, reached, seen = run(size=0.3, folder=tmp_path / "c", resume=True)
    assert [s.index for s in seen] == [9, 12]
    assert torch.equal(resumed.graph["features"], straight.graph["features"])
    assert torch.equal(resumed.moved, straight.moved)
    assert reached == expected


def test_divergence_says_what_to_lower() -> None:
    start, synthesis, reached, _ = run(size=float("inf"))
    assert not reached.complete
    assert reached.diverged == (
        "step 3: the condensed graph must stay finite; try a smaller --lr-features (got inf)"
    )
    assert torch.equal(synthesis.graph["features"], start)


class Wider(Drift):
    """Has a number more to restore."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.state = {**self.state, "moved": torch.zeros(2)}


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    run(size=0.3, stop_at=8, folder=tmp_path / "c")
    with pytest.raises(UserError, match="resume: now/moved has shape"):
        run(size=0.3, folder=tmp_path / "c", resume=True, kind=Wider)
