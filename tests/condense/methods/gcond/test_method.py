"""GCond and its relatives as methods: starts, selection, interruption, units, and graphs they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.methods.gcond.synthesis import GradientMatching
from condense.run import condense
from condense.running.checkpoints import Checkpoints
from tests.support.graphs import film_graph

BRIEF = {"epochs": 6, "outer": 2, "inner": 1, "period": 3, "edge_epochs": 1, "check_every": 2}


def run(
    graph: MultimodalGraph, method: str, settings: dict[str, Any], **kwargs: Any
) -> CondensedGraph:
    budget = plan(graph, 0.3, edge_ratio=0.3)
    return condense(graph, budget, method, settings, device="cpu", **kwargs)


@pytest.mark.parametrize("method", ["gcond", "gcondx", "doscond"])
@pytest.mark.parametrize("centred", [False, True])
def test_without_epochs_features_are_training_nodes(method: str, centred: bool) -> None:
    graph = film_graph()
    small = run(graph, method, {"epochs": 0, "centred": centred}).graph["movie"]
    store = graph["movie"]
    rows = store.train_mask & store.has_image  # A missing image is saved as the mean, or as zero.
    for c in range(int(graph.num_classes)):
        whole = store.x_text[store.train_mask & (store.y == c)]
        for x in small.x_text[small.y == c]:
            assert float((whole - x).norm(dim=1).min()) < 1e-5
    found = [x for x in small.x_image if float((store.x_image[rows] - x).norm(dim=1).min()) < 1e-5]
    assert found


def test_matching_lowers_the_loss_and_moves_features() -> None:
    graph = film_graph()
    settings = {"epochs": 60, "outer": 4, "inner": 3, "lr_features": 0.003, "lr_edges": 0.003}
    history = run(graph, "gcond", settings).provenance.history
    assert history[-1]["loss"] < 0.9 * history[0]["loss"]
    assert [r["step"] for r in history] == [10, 20, 30, 40, 50, 60]


def test_units_of_the_data_do_not_matter() -> None:
    """Features in other units, and moved where they are centred, give the same graph in those units."""
    graph, other = film_graph(), film_graph()
    other["movie"].x_text = 100 * graph["movie"].x_text + 5
    settings = {**BRIEF, "centred": True}
    first, second = (run(g, "gcond", settings).graph["movie"].x_text for g in (graph, other))
    torch.testing.assert_close(100 * first + 5, second, rtol=1e-3, atol=1e-2)


class Stopped(GradientMatching):
    """Is interrupted in its fifth epoch."""

    def update(self, step: int) -> dict[str, float]:
        if step == 5:
            raise KeyboardInterrupt
        return super().update(step)


@pytest.mark.parametrize("method", ["gcond", "gcondx", "doscond"])
def test_an_interrupted_run_resumes_to_the_same_graph(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = film_graph()
    names = {
        "gcondx": ("epochs", "outer", "inner", "check_every"),
        "doscond": ("epochs", "period", "edge_epochs", "check_every"),
    }.get(method, tuple(BRIEF))
    settings = {name: BRIEF[name] for name in names}
    straight = run(graph, method, settings)
    with monkeypatch.context() as patched:
        patched.setattr("condense.methods.gcond.condensing.GradientMatching", Stopped)
        stopped = run(graph, method, settings, checkpoints=Checkpoints(tmp_path / "c"))
    assert not stopped.provenance.complete
    assert [r["step"] for r in stopped.provenance.history] == [2, 4]
    again = Checkpoints(tmp_path / "c", resume=True)
    resumed = run(graph, method, settings, checkpoints=again)
    assert resumed.provenance.history == straight.provenance.history
    assert torch.equal(resumed.graph["movie"].x_text, straight.graph["movie"].x_text)
    relation = ("movie", "resembles", "movie")
    for key, value in straight.graph[relation].items():
        assert torch.equal(value, resumed.graph[relation][key])


def test_a_relation_from_elsewhere_is_refused() -> None:
    graph = film_graph()
    edges = graph["movie", "resembles", "movie"].edge_index
    graph["movie", "shares", "movie"].edge_index = edges[:, :6]
    for method in ("gcond", "doscond"):
        with pytest.raises(UserError, match=rf"method {method} makes edges of one relation.*2 rel"):
            run(graph, method, {"epochs": 0})
    small = run(graph, "gcondx", {"epochs": 1}).graph
    assert not any(small[r].edge_index.size(1) for r in small.edge_types)
