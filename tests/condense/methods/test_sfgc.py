"""SFGC and GEOM as a whole: where they start, what they save, and how a broken run ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.errors import UserError
from condense.methods.geom import GEOMSettings
from condense.methods.sfgc import SFGCSettings
from condense.run import DivergedError, condense
from condense.running.checkpoints import Checkpoints
from condense.running.steps import Step
from tests.support.brief import BRIEF
from tests.support.graphs import film_graph

METHODS = [("sfgc", BRIEF["sfgc"]), ("geom", BRIEF["geom"])]
LONG = {"geom": {"expert_epochs": 200}}


def run(method: str, settings: dict[str, Any], **services: Any) -> CondensedGraph:
    graph = film_graph(num_target=80)
    return condense(graph, plan(graph, 0.2), method, settings, seed=1, device="cpu", **services)


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_without_updates_training_nodes_are_saved(method: str, settings: dict[str, Any]) -> None:
    graph = film_graph(num_target=80)["movie"]
    small = run(method, {**settings, "epochs": 0}).graph["movie"]
    for x, y in zip(small.x_text, small.y, strict=True):
        distance = (graph.x_text - x).square().sum(dim=1)
        node = int(distance.argmin())
        assert float(distance[node]) < 1e-10
        assert bool(graph.train_mask[node])
        assert int(graph.y[node]) == int(y)


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_updates_move_features_and_no_edge_is_saved(method: str, settings: dict[str, Any]) -> None:
    long = {**settings, "epochs": 40, "lr_features": 0.05}
    made = run(method, long)
    start = run(method, {**settings, "epochs": 0}).graph["movie"]
    measures = made.provenance.measures
    assert measures["best_val_score"] >= measures["start_val_score"]
    assert measures["best_step"] == 0 or not torch.equal(made.graph["movie"].x_text, start.x_text)
    assert made.graph["movie", "resembles", "movie"].edge_index.size(1) == 0
    assert "experts" in [stage["name"] for stage in made.provenance.stages]


def test_geom_saves_soft_labels_and_sfgc_none() -> None:
    soft = run("geom", BRIEF["geom"]).graph["movie"].y_soft
    assert torch.allclose(soft.sum(dim=1), torch.ones(len(soft)))
    assert 1 / 3 < float(soft.max(dim=1).values.mean()) < 1
    assert "y_soft" not in run("geom", {**BRIEF["geom"], "soft_labels": False}).graph["movie"]
    assert "y_soft" not in run("sfgc", BRIEF["sfgc"]).graph["movie"]


class Broken(Exception):
    pass


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_a_broken_run_ends_in_the_same_graph(
    tmp_path: Path, method: str, settings: dict[str, Any]
) -> None:
    settings = {**settings, "epochs": 8}

    def break_off(step: Step) -> None:
        if step.index == 5:
            raise Broken

    with pytest.raises(Broken):
        run(method, settings, on_step=break_off, checkpoints=Checkpoints(tmp_path, 0))
    again = run(method, settings, checkpoints=Checkpoints(tmp_path, resume=True))
    whole = run(method, settings)
    assert torch.equal(again.graph["movie"].x_text, whole.graph["movie"].x_text)
    assert len(again.provenance.history) == len(whole.provenance.history) == 8


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_experts_that_diverge_are_refused(method: str, settings: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"lr_expert .got 1e\+06.*try a smaller --lr-expert"):
        run(method, {**settings, "lr_expert": 1e6, "ahead": 60, **LONG.get(method, {})})


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_students_that_diverge_leave_the_best_graph(method: str, settings: dict[str, Any]) -> None:
    with pytest.raises(DivergedError, match=r"try a smaller --lr-student .got 1e\+06") as caught:
        run(method, {**settings, "lr_student": 1e6, "student_steps": 200})
    made = caught.value.best
    assert bool(made.graph["movie"].x_text.isfinite().all())
    start = run(method, {**settings, "epochs": 0})
    assert torch.equal(made.graph["movie"].x_text, start.graph["movie"].x_text)


def test_defaults_agree_with_each_other() -> None:
    """GEOM's window lies within its experts' training; both methods keep a laptop's memory."""
    geom, sfgc = GEOMSettings(), SFGCSettings()
    assert (geom.starts - 1) * geom.every + geom.ahead <= geom.expert_epochs
    for one in (geom, sfgc):
        numbers = (2 * one.starts + 1) * one.experts * 1434 * one.hidden
        assert 4 * numbers < 2**30
