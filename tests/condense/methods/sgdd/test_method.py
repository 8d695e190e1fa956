"""SGDD as a method: its start, what its settings do, interruption, and divergence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.methods.gcond.synthesis import GradientMatching
from condense.run import DivergedError, condense
from condense.running.checkpoints import Checkpoints
from tests.condense.methods.test_methods import same
from tests.support.graphs import film_graph

BRIEF = {"epochs": 6, "outer": 2, "inner": 1, "period": 3, "edge_epochs": 1, "check_every": 2}
FAST = {"lr_features": 0.003, "lr_edges": 0.003}


def run(graph: MultimodalGraph, settings: dict[str, Any], **kwargs: Any) -> CondensedGraph:
    budget = plan(graph, 0.3, edge_ratio=0.3)
    return condense(graph, budget, "sgdd", settings, device="cpu", **kwargs)


def test_without_epochs_features_are_training_nodes() -> None:
    graph = film_graph()
    small = run(graph, {"epochs": 0}).graph["movie"]
    store = graph["movie"]
    for c in range(int(graph.num_classes)):
        whole = store.x_text[store.train_mask & (store.y == c)]
        for x in small.x_text[small.y == c]:
            assert float((whole - x).norm(dim=1).min()) < 1e-5


def test_matching_lowers_the_loss() -> None:
    settings = {"epochs": 60, "outer": 4, "inner": 3, "smoothness": 0, "structure": 0, **FAST}
    history = run(film_graph(), settings).provenance.history
    assert history[-1]["loss"] < 0.95 * history[0]["loss"]
    assert [r["step"] for r in history] == [10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize(
    "change",
    [{"structure": 0}, {"smoothness": 0}, {"share": 0.2}, {"sinkhorn": 1}, {"lr_plan": 1e-4}],
)
def test_each_term_changes_the_features_later(change: dict[str, Any]) -> None:
    """The sixth epoch updates the features, so its loss has W in it only by the edges before."""
    graph = film_graph()
    settings = {**BRIEF, **FAST}
    first, second = (
        run(graph, {**settings, **each}).provenance.history[-1]["loss"] for each in ({}, change)
    )
    assert first != second


class Stopped(GradientMatching):
    """Is interrupted in its fifth epoch."""

    def update(self, step: int) -> dict[str, float]:
        if step == 5:
            raise KeyboardInterrupt
        return super().update(step)


def test_an_interrupted_run_resumes_to_the_same_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = film_graph()
    settings = {**BRIEF, **FAST, "sample": 30, "batch": 2}
    straight = run(graph, settings)
    with monkeypatch.context() as patched:
        patched.setattr("condense.methods.gcond.condensing.GradientMatching", Stopped)
        stopped = run(graph, settings, checkpoints=Checkpoints(tmp_path / "c"))
    assert not stopped.provenance.complete
    assert [r["step"] for r in stopped.provenance.history] == [2, 4]
    resumed = run(graph, settings, checkpoints=Checkpoints(tmp_path / "c", resume=True))
    assert resumed.provenance.history == straight.provenance.history
    assert same(resumed.graph, straight.graph)


class Spoiled(GradientMatching):
    """Loses its features in its fourth epoch, which updates the edges."""

    def update(self, step: int) -> dict[str, float]:
        if step == 4:
            self.x.detach()[0, 0] = torch.nan
        return super().update(step)


def test_divergence_says_what_to_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condense.methods.gcond.condensing.GradientMatching", Spoiled)
    message = r"step 4: the condensed graph must stay finite; try a smaller --lr-features"
    with pytest.raises(DivergedError, match=message) as caught:
        run(film_graph(), BRIEF)
    assert bool(caught.value.best.graph["movie"].x_text.isfinite().all())
