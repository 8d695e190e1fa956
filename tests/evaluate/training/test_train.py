"""The training loop: which state is kept, and when it stops early."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from condense.budget import plan
from condense.errors import UserError
from condense.run import condense
from evaluate.training.batches import answers, batches
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, train
from evaluate.training.tune import candidates, fit
from models.registry import MODELS
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.graphs import small_graph
from tests.support.spreads import graph_with_spread


class Scripted(nn.Module):
    """Answers validation after validation as told: (share of nodes that are right, confidence)."""

    by_rows = True

    def __init__(self, y: torch.Tensor, script: list[tuple[float, float]]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.y, self.script = y, script
        self.steps = self.checks = 0

    def prepare(self, graph, rows):
        return rows

    def forward(self, rows):
        if self.training:
            self.steps += 1
            return self.weight.expand(len(rows), 3)
        share, confidence = self.script[min(self.checks, len(self.script) - 1)]
        self.checks += 1
        right = torch.arange(len(rows)) < share * len(rows)
        answer = torch.where(right, self.y[rows], (self.y[rows] + 1) % 3)
        return confidence * nn.functional.one_hot(answer, 3).float()


def trained(script, **settings):
    graph = small_graph(num_target=48)
    model = Scripted(graph["movie"].y, script)
    done = train(
        model, graph, graph, TrainSettings(**{"epochs": 100, "check_every": 10, **settings})
    )
    return model, done


def test_the_best_state_is_kept_and_the_first_of_equals():
    model, done = trained([(0.25, 1.0), (0.75, 1.0), (0.5, 1.0), (0.75, 1.0), (0.25, 1.0)])
    assert model.steps == 100
    assert (done.epoch, done.val_micro_f1) == (20, 0.75)
    _, short = trained([(0.25, 1.0), (0.75, 1.0)])
    assert short.epoch == 20


@pytest.mark.parametrize("patience", [10, 20, 30])
def test_it_stops_when_loss_and_score_are_both_worse(patience):
    # The loss is least at 20 and the score best at 30; both are worse from 40 on.
    model, done = trained([(0.5, 0.1), (0.5, 1.0), (0.75, 9.0), (0.25, 9.0)], patience=patience)
    assert model.steps == 30 + patience
    assert done.epoch == 30


@pytest.mark.parametrize(
    "last", [(0.5, 9.0), (0.25, 0.0)], ids=["the score holds", "the loss holds"]
)
def test_it_goes_on_while_either_holds(last):
    # Confidence 0 gives the loss of a coin with three sides, whatever is right.
    model, _ = trained([(0.5, 0.0), last], patience=10)
    assert model.steps == 100


def test_the_least_loss_is_kept_where_that_is_asked_for():
    # Sure and wrong costs more than unsure: the best score does not have the least loss.
    script = [(0.25, 0.5), (0.5, 0.1), (0.75, 9.0), (0.5, 0.1), (0.25, 9.0)]
    _, by_score = trained(script)
    _, by_loss = trained(script, keep="loss")
    assert (by_score.epoch, by_score.val_micro_f1) == (30, 0.75)
    assert (by_loss.epoch, by_loss.val_micro_f1) == (20, 0.5)


class Recorded(nn.Module):
    """Keeps what it is given to prepare."""

    by_rows = True

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(2))
        self.prepared: list[torch.Tensor] = []

    def prepare(self, graph, rows):
        self.prepared.append(graph["paper"].x_text[rows])
        return rows

    def forward(self, rows):
        return self.bias.expand(len(rows), 2)


def recorded(seed):
    trained_on = graph_with_spread(4, rest=torch.ones(9))
    validation = graph_with_spread(4)
    validation["paper"].val_mask = torch.ones(4, dtype=torch.bool)
    model = Recorded()
    train(model, trained_on, validation, TrainSettings(epochs=3, check_every=3), seed=seed)
    return [x for x in model.prepared if not torch.equal(x, validation["paper"].x_text)]


def test_a_graph_with_a_spread_is_drawn_in_each_epoch():
    first, second, third = recorded(0)
    assert first.shape == (4, 2)  # Neighbours are no training nodes.
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert all(map(torch.equal, recorded(0), recorded(0)))
    assert not torch.equal(recorded(1)[0], first)


class Counted(nn.Module):
    """Answers with its own weights, row by row; keeps the rows that it was asked for in training."""

    by_rows = True

    def __init__(self, count: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(count, 3))
        self.learnt: list[torch.Tensor] = []
        self.answered: list[int] = []

    def prepare(self, graph, rows):
        return {"rows": [rows]}

    def forward(self, inputs):
        rows = inputs["rows"][0]
        if self.training:
            self.learnt.append(rows)
        else:
            self.answered.append(len(rows))
        return self.logits[rows]


def counted(batch_size, seed=0):
    graph = small_graph(num_target=60)
    model = Counted(60)
    settings = TrainSettings(epochs=2, check_every=2, batch_size=batch_size, weight_decay=0.0)
    train(model, graph, graph, settings, seed=seed)
    return graph["movie"].train_mask.nonzero().flatten(), model


def test_an_epoch_in_batches_passes_each_training_node_once():
    rows, model = counted(8)
    steps = -(-len(rows) // 8)
    assert len(model.learnt) == 2 * steps
    first, second = torch.cat(model.learnt[:steps]), torch.cat(model.learnt[steps:])
    assert torch.equal(first.sort().values, rows)
    assert torch.equal(second.sort().values, rows)
    assert not torch.equal(first, second)
    assert all(map(torch.equal, model.learnt, counted(8)[1].learnt))
    assert not torch.equal(counted(8, seed=1)[1].learnt[0], model.learnt[0])


def test_batches_of_all_nodes_are_no_batches():
    for size in (None, 60):
        rows, model = counted(size)
        assert [x.tolist() for x in model.learnt] == 2 * [rows.tolist()]


def test_weights_of_a_batch_sum_to_one():
    weight = torch.tensor([0.1, 0.2, 0.3, 0.4])
    prepared = (torch.arange(4), torch.arange(4) + 10, weight)
    parts = list(batches(prepared, 3, torch.Generator().manual_seed(0)))
    for inputs, labels, part in parts:
        assert torch.equal(labels, inputs + 10)
        torch.testing.assert_close(part, weight[inputs] / weight[inputs].sum())
    assert [len(labels) for _, labels, _ in parts] == [3, 1]


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("hgt", 8, r"batch_size \(got 8\) needs .* HGT passes messages"),
        ("mlp", 0, r"batch_size \(got 0\) must be at least 1"),
    ],
)
def test_batches_that_cannot_be(name, size, message):
    graph = small_graph(num_target=48)
    model = MODELS[name].build(GraphSchema.of(graph), MODELS[name].choose_settings())
    with pytest.raises(UserError, match=message):
        train(model, graph, graph, TrainSettings(batch_size=size))


def test_many_rows_are_answered_in_blocks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evaluate.training.batches.BLOCK", 4)
    _, model = counted(None)
    assert max(model.answered) == 4
    assert sum(model.answered) == int(small_graph(num_target=60)["movie"].val_mask.sum())


@pytest.mark.parametrize("name", ["mlp", "sgc", "sehgnn"])
def test_blocks_answer_as_all_rows_do(name, spread_task, monkeypatch: pytest.MonkeyPatch):
    task, _ = spread_task
    entry = MODELS[name]
    with seeded(0):
        model = entry.build(task.schema, entry.choose_settings()).eval()
    rows = torch.arange(50)
    inputs = model.prepare(task.whole, rows)
    monkeypatch.setattr("evaluate.training.batches.BLOCK", 16)
    torch.testing.assert_close(answers(model, inputs, 50), model(inputs))


def test_the_batch_size_is_named_only_where_there_is_one():
    assert "batch_size" not in TrainSettings().values()
    assert TrainSettings(batch_size=7).values()["batch_size"] == 7


@pytest.fixture(scope="module")
def spread_task():
    whole = small_graph(num_target=60)
    small = condense(whole, plan(whole, 0.2), "mixture", {"spread": "on"})
    task = EvaluationTask.of(whole)
    return task, task.admit(small.graph)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_trains_on_draws(name, spread_task):
    task, graph = spread_task
    entry = MODELS[name]
    choice = candidates(entry, TrainSettings(epochs=2, check_every=1), 1, 0)[0]
    trained = fit(entry, choice, task, graph, 0)
    again = fit(entry, choice, task, graph, 0)
    assert 0 <= trained.val_micro_f1 == again.val_micro_f1
    for x, y in zip(trained.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(x, y)
