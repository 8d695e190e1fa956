"""Parts of condensed graphs: what trains in them, and that it sees what it would see in the whole."""

from __future__ import annotations

import itertools

import pytest
import torch

from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.data.training_inputs import training_nodes
from condense.judging import judge as module
from condense.judging.judge import CONTESTANTS, Judge
from condense.judging.parts import parts_of, with_in_neighbours
from models.registry import MODELS
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.graphs import film_graph, small_graph


@pytest.fixture(scope="module")
def graph():
    return complete(hide_test_labels(small_graph(num_target=120, weighted=True)))


@pytest.mark.parametrize("contestant", CONTESTANTS, ids=lambda one: one.model)
@pytest.mark.parametrize("make", [small_graph, film_graph])
def test_the_judges_models_see_all_that_counts(contestant, make) -> None:
    graph = complete(hide_test_labels(make(num_target=120, weighted=True)))
    rows = torch.tensor([3, 50, 51, 99])
    part = with_in_neighbours(graph, rows)
    places, labels, _ = training_nodes(part)
    assert torch.equal(labels, graph["movie"].y[rows])
    assert part["movie"].num_nodes < 120
    entry = MODELS[contestant.model]
    with seeded(0):
        model = entry.build(
            GraphSchema.of(graph), entry.choose_settings(**contestant.settings)
        ).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # A linear model begins with zeros.
            parameter.add_(torch.linspace(-1, 1, parameter.numel()).view_as(parameter))
        here, there = model(model.prepare(part, places)), model(model.prepare(graph, rows))
    torch.testing.assert_close(here, there)


def test_only_the_chosen_nodes_train(graph) -> None:
    rows = training_nodes(graph)[0][::3]
    part = with_in_neighbours(graph, rows)
    assert int(part["movie"].train_mask.sum()) == len(rows)
    assert part.target == "movie"


def test_small_graphs_stay_as_they_are(graph) -> None:
    count = len(training_nodes(graph)[0])
    found = list(parts_of([graph] * 2, count, 0))
    assert all(one is graph for one in found)


def test_each_step_takes_other_nodes_and_equal_seeds_the_same(graph) -> None:
    def features(seed: int):
        return [part["movie"].x_text for part in parts_of([graph] * 3, 7, seed)]

    first, again, other = features(0), features(0), features(1)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    for a, b in itertools.combinations([*first, *other], 2):
        assert a.shape != b.shape or not torch.equal(a, b)
    parts = parts_of([graph], 7, 0)
    assert all(int(part["movie"].train_mask.sum()) == 7 for part in parts)


def test_a_judge_of_parts_tells_right_from_wrong(graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TRAINED", 8)
    judge = Judge.of(graph, graph, torch.Generator().manual_seed(0))
    wrong = hide_test_labels(small_graph(num_target=120, weighted=True))
    wrong["movie"].y = torch.where(wrong["movie"].train_mask, (wrong["movie"].y + 1) % 3, -1)
    right, mistaken = judge.scores(graph), judge.scores(complete(wrong))
    assert all(right[name] > mistaken[name] + 0.2 for name in right)
