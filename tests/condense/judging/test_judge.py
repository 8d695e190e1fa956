"""The judge: it prefers what its models learn from, sees no test label, and repeats itself."""

from __future__ import annotations

import copy

import pytest
import torch

from condense.budget import plan
from condense.data import training_inputs
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.data.spread import draw
from condense.inspecting.describe import describe
from condense.judging.judge import CONTESTANTS, EPOCHS, Contestant, Judge, best_of, simplest_of_best
from condense.methods import spread_choice
from condense.run import condense
from tests.support.graphs import small_graph


@pytest.fixture(scope="module")
def graph():
    return small_graph(num_target=120)


def judge_of(graph, seed=0):
    whole = complete(hide_test_labels(graph))
    return Judge.of(whole, whole, torch.Generator().manual_seed(seed))


def test_it_prefers_right_labels(graph) -> None:
    right = condense(graph, plan(graph, 0.1), "coarsening").graph
    wrong = copy.copy(right)
    wrong["movie"].y = (right["movie"].y + 1) % 3
    kept, scores = best_of(judge_of(graph), {"wrong": wrong, "right": right})
    assert kept == "right"
    assert set(scores["right"]) == {one.model for one in CONTESTANTS}
    assert all(scores["right"][model] > scores["wrong"][model] for model in scores["right"])


def test_the_first_of_equals(graph) -> None:
    small = condense(graph, plan(graph, 0.1), "kmeans").graph
    kept, scores = best_of(judge_of(graph), {"a": small, "b": copy.copy(small)})
    assert kept == "a"
    assert scores["a"] == scores["b"]


@pytest.mark.parametrize(
    ("accuracy", "count", "kept"),
    [
        ({"off": 0.80, "on": 0.83}, 100, "off"),  # The standard error is 3.8 points,
        ({"off": 0.80, "on": 0.83}, 4096, "on"),  # and .6.
        ({"off": 0.70, "on, unmatched": 0.83, "on": 0.85}, 100, "on, unmatched"),
        ({"off": 0.85, "on": 0.83}, 4096, "off"),
        ({"off": 0.99, "on": 1.0}, 4096, "on"),  # Without errors there is no standard error.
    ],
)
def test_a_lead_must_be_worth_a_standard_error(accuracy, count: int, kept: str) -> None:
    assert simplest_of_best(accuracy, count) == kept


def test_scores_are_accuracy_on_the_chosen_validation_nodes(graph) -> None:
    judge = judge_of(graph)
    assert judge.rows.sort().values.tolist() == graph["movie"].val_mask.nonzero().flatten().tolist()
    small = condense(graph, plan(graph, 0.1), "coarsening").graph
    untrained = judge.scores(small, [Contestant("mlp")], epochs=0)["mlp"]
    trained = judge.scores(small, [Contestant("mlp")])["mlp"]
    assert trained > untrained
    assert (trained * len(judge.rows)) == pytest.approx(round(trained * len(judge.rows)))


def test_each_draw_trains_all_models(graph, monkeypatch: pytest.MonkeyPatch) -> None:
    small = condense(graph, plan(graph, 0.1), "mixture", {"spread": "on"}).graph
    judge, draws = judge_of(graph), []

    def counted(*arguments):
        draws.append(draw(*arguments))
        return draws[-1]

    monkeypatch.setattr(training_inputs, "draw", counted)
    first = judge.scores(small)
    assert len(draws) == EPOCHS
    assert judge.scores(small) == first
    half = len(draws) // 2
    assert all(
        torch.equal(a["movie"].x_text, b["movie"].x_text)
        for a, b in zip(draws[:half], draws[half:], strict=True)
    )


@pytest.mark.parametrize(
    ("method", "settings"), [("mixture", {}), ("srgm", {"epochs": 1, "outer": 2})]
)
def test_methods_keep_what_was_judged_best(graph, method, settings) -> None:
    small = condense(graph, plan(graph, 0.1), method, {**settings, "spread": "auto"})
    judged, kept = small.provenance.measures["judged"], small.provenance.measures["spread"]
    unmatched = ["on, unmatched"] if method == "srgm" else []
    assert list(judged) == ["off", *unmatched, "on"]
    mean = {name: sum(scores.values()) / 3 for name, scores in judged.items()}
    assert kept == simplest_of_best(mean, int(graph["movie"].val_mask.sum()))
    assert ("spread" in small.graph._global_store) == (kept != "off")
    assert {"spread", "judge"} <= {stage["name"] for stage in small.provenance.stages}


def test_no_test_label_is_read(graph) -> None:
    other = copy.copy(graph)
    movie = other["movie"]
    movie.y = torch.where(movie.test_mask, (movie.y + 1) % 3, movie.y)
    first, second = (
        condense(g, plan(g, 0.1), "mixture", {"spread": "auto"}) for g in (graph, other)
    )
    assert first.provenance.measures["judged"] == second.provenance.measures["judged"]
    assert torch.equal(first.graph["movie"].x_text, second.graph["movie"].x_text)


def test_inspect_tells_the_scores(graph) -> None:
    small = condense(graph, plan(graph, 0.1), "mixture", {"spread": "auto"})
    for name, scores in small.provenance.measures["judged"].items():
        line = f"judged   spread {name}: mlp {scores['mlp']:.3f}, sgc {scores['sgc']:.3f}, hgt"
        assert any(line in each for each in describe(small))


def test_the_unmatched_graph_is_kept_where_it_is_best(graph, monkeypatch) -> None:
    def unmatched(judge, candidates):
        return "on, unmatched", {name: {"mlp": 0.5} for name in candidates}

    monkeypatch.setattr(spread_choice, "best_of", unmatched)
    graph = copy.copy(graph)  # With random classes, which no start guesses well.
    order = torch.randperm(120, generator=torch.Generator().manual_seed(0))
    graph["movie"].y = graph["movie"].y[order]
    settings = {"epochs": 4, "outer": 10, "lr_features": 0.1, "check_every": 1}
    start = condense(graph, plan(graph, 0.1), "srgm", {"epochs": 0}).graph
    matched = condense(graph, plan(graph, 0.1), "srgm", settings).graph
    kept = condense(graph, plan(graph, 0.1), "srgm", {**settings, "spread": "auto"}).graph
    assert torch.equal(kept["movie"].x_text, start["movie"].x_text.half())
    assert not torch.equal(matched["movie"].x_text.half(), kept["movie"].x_text)
