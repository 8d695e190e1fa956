"""MSGC as a method: graphs side by side, starts, the budget of edges, interruption and divergence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.errors import UserError
from condense.methods.gcond.synthesis import GradientMatching
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.msgc.copies import Copies
from condense.methods.msgc.start import STARTS
from condense.run import DivergedError, condense
from condense.running.checkpoints import Checkpoints
from tests.support.brief import BRIEF
from tests.support.graphs import film_graph

RELATION = ("movie", "resembles", "movie")


def run(
    graph: MultimodalGraph, settings: dict[str, Any], edge_ratio: float = 1.0, **kwargs: Any
) -> CondensedGraph:
    budget = plan(graph, 0.3, edge_ratio=edge_ratio)
    return condense(graph, budget, "msgc", settings, device="cpu", **kwargs)


def copies_of(graph: MultimodalGraph, graphs: int) -> Copies:
    return Copies.of(plan(graph, 0.3).classes, graphs)


def test_graphs_lie_side_by_side_and_share_their_features() -> None:
    graph = film_graph()
    made = run(graph, {**BRIEF["msgc"], "graphs": 3})
    small, copies = made.graph, copies_of(graph, 3)
    assert made.provenance.measures["graphs"] == 3
    assert made.provenance.measures["distinct_nodes"] == sum(copies.counts)
    for key in ("x_text", "x_image"):
        x = small["movie"][key]
        for node in range(sum(copies.counts)):
            rows = x[copies.distinct == node]
            assert torch.equal(rows, rows[:1].expand_as(rows))
    source, destination = small[RELATION].edge_index
    assert torch.equal(copies.graph[source], copies.graph[destination])
    weights: dict[tuple[int, int], set[float]] = {}
    of_edges = small[RELATION].edge_weight.tolist()
    for s, d, w in zip(source.tolist(), destination.tolist(), of_edges, strict=True):
        pair = int(copies.distinct[s]), int(copies.distinct[d])
        weights.setdefault(pair, set()).add(w)
    assert all(len(found) == 1 for found in weights.values())
    assert all(weights[pair] == weights[pair[1], pair[0]] for pair in weights)


def test_patterns_stay_whole_where_the_budget_has_room() -> None:
    """Each node has a neighbour in every class that has another node in its graph."""
    graph = film_graph()
    copies = copies_of(graph, 2)
    small = run(graph, {**BRIEF["msgc"], "graphs": 2}).graph
    y, (source, destination) = small["movie"].y, small[RELATION].edge_index
    for i in range(len(y)):
        others = (copies.graph == copies.graph[i]) & (torch.arange(len(y)) != i)
        assert set(y[source[destination == i]].tolist()) == set(y[others].tolist())


def test_the_heaviest_links_stay_where_the_budget_has_not_room_for_all() -> None:
    graph, settings = film_graph(), {"epochs": 0, "start": "nodes"}
    whole = run(graph, settings).graph[RELATION]
    kept = plan(graph, 0.3, edge_ratio=0.1).edges[RELATION] // 2 * 2
    small = run(graph, settings, edge_ratio=0.1).graph[RELATION]
    assert kept < whole.edge_index.size(1)
    heaviest = whole.edge_weight.sort(descending=True).values[:kept]
    assert torch.equal(small.edge_weight.sort(descending=True).values, heaviest)


def test_features_start_from_the_mean_of_the_class() -> None:
    graph = film_graph()
    small, store = run(graph, {"epochs": 0}).graph["movie"], graph["movie"]
    for c in range(int(graph.num_classes)):
        mean = store.x_text[store.train_mask & (store.y == c)].mean(dim=0)
        for x in small.x_text[small.y == c]:
            torch.testing.assert_close(x, mean)


def test_features_start_from_training_nodes() -> None:
    graph = film_graph()
    small = run(graph, {"epochs": 0, "start": "nodes", "graphs": 2}).graph["movie"]
    store = graph["movie"]
    for c in range(int(graph.num_classes)):
        whole = store.x_text[store.train_mask & (store.y == c)]
        for x in small.x_text[small.y == c]:
            assert float((whole - x).norm(dim=1).min()) < 1e-5


def test_features_start_from_means_of_clusters() -> None:
    """Each is the mean of the training nodes of its class that are nearest to it."""
    graph = complete(hide_test_labels(film_graph(num_target=120)))
    view, budget = HomogeneousGraph.of(graph), plan(graph, 0.2)
    copies = Copies.of(budget.classes, 2)
    x = STARTS["clusters"](view, budget, copies, torch.Generator().manual_seed(0))
    for c, centres in enumerate(x.split(list(copies.counts))):
        whole = view.x[view.train[view.y[view.train] == c]]
        nearest = torch.cdist(whole, centres).argmin(dim=1)
        assert len(centres) > 1
        for k, centre in enumerate(centres):
            torch.testing.assert_close(whole[nearest == k].mean(dim=0), centre)


def test_matching_lowers_the_loss() -> None:
    settings = {"epochs": 60, "outer": 4, "inner": 3, "lr_features": 0.003, "lr_edges": 0.003}
    history = run(film_graph(), settings).provenance.history
    assert history[-1]["loss"] < 0.9 * history[0]["loss"]


class Stopped(GradientMatching):
    """Is interrupted in its fifth epoch."""

    def update(self, step: int) -> dict[str, float]:
        if step == 5:
            raise KeyboardInterrupt
        return super().update(step)


def test_an_interrupted_run_resumes_to_the_same_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, settings = film_graph(), {**BRIEF["msgc"], "epochs": 6, "start": "nodes"}
    straight = run(graph, settings, 0.1)
    with monkeypatch.context() as patched:
        patched.setattr("condense.methods.gcond.condensing.GradientMatching", Stopped)
        stopped = run(graph, settings, 0.1, checkpoints=Checkpoints(tmp_path / "c"))
    assert not stopped.provenance.complete
    assert [r["step"] for r in stopped.provenance.history] == [2, 4]
    resumed = run(graph, settings, 0.1, checkpoints=Checkpoints(tmp_path / "c", resume=True))
    assert resumed.provenance.history == straight.provenance.history
    assert torch.equal(resumed.graph["movie"].x_text, straight.graph["movie"].x_text)
    for key, value in straight.graph[RELATION].items():
        assert torch.equal(value, resumed.graph[RELATION][key])


class Exploding(GradientMatching):
    """Leaves the finite numbers in its third epoch."""

    def update(self, step: int) -> dict[str, float]:
        numbers = super().update(step)
        if step == 3:
            self.x.data.fill_(torch.inf)
        return numbers


def test_a_run_that_diverges_says_what_to_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condense.methods.gcond.condensing.GradientMatching", Exploding)
    message = r"step 4: .* must stay finite; try a smaller --lr-features .got 0.0001"
    with pytest.raises(DivergedError, match=message) as caught:
        run(film_graph(), BRIEF["msgc"])
    best = caught.value.best
    assert not best.provenance.complete
    assert bool(best.graph["movie"].x_text.isfinite().all())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hops": 0}, r"hops .got 0. must be at least 1, or edges have no effect"),
        ({"edge_epochs": 50}, r"edge_epochs .got 50. must be fewer than"),
        ({"graphs": 1000}, r"graphs .got 1000. must be at most the \d+ condensed nodes"),
        ({"start": "cluster"}, r"start .got 'cluster'."),
        ({"threshold": 0.1}, "'threshold' is unknown"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(film_graph(), settings)
