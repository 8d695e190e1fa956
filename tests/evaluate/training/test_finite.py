"""Numbers that are no numbers never become scores: the training fails, and says in which epoch."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from condense.errors import UserError
from evaluate.training.finite import DivergedError
from evaluate.training.metrics import METRICS, auc, measure
from evaluate.training.pretrain import PretrainSettings, embeddings, pretrain
from evaluate.training.probe import Nodes, ProbeSettings, probe
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, predict, train
from evaluate.training.tune import Candidate, best_of, fit
from models.registry import MODELS
from models.seeding import seeded
from models.self_supervised import learns_unlabelled
from tests.support.graphs import small_graph

SHORT = TrainSettings(epochs=3, check_every=3)


def scaled(scale: float) -> EvaluationTask:
    """A task whose features are too great for the squares of float32, left as they are."""
    graph = small_graph()
    for node_type in ("movie", "director"):
        graph[node_type].x_text *= scale
    graph["movie"].x_image *= scale
    return EvaluationTask.of(graph, scaling="none")


@pytest.fixture(scope="module", params=[1e18, 1e20, 1e30, 3e37])
def huge(request: pytest.FixtureRequest) -> EvaluationTask:
    return scaled(request.param)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_scores_finite_numbers_or_names_the_epoch(
    name: str, huge: EvaluationTask
) -> None:
    choice = Candidate(MODELS[name].choose_settings(), SHORT)
    try:
        trained = fit(MODELS[name], choice, huge, huge.training, 0)
        logits = predict(trained.model, huge.whole, huge.test_rows(), epoch=trained.epoch)
    except DivergedError as error:
        failed = str(error)
        assert re.search(r"\(got (nan|-?inf) in epoch [123]\) must be finite", failed)
    else:
        assert logits.isfinite().all()


def test_some_models_diverge_at_such_scales() -> None:
    task = scaled(3e37)
    choice = Candidate(MODELS["mlp"].choose_settings(), SHORT)
    with pytest.raises(DivergedError, match=r"loss .*epoch 1"):
        fit(MODELS["mlp"], choice, task, task.training, 0)


class Breaking(nn.Module):
    """Answers zeros until a step of training or, in `shown`, of validation, and NaN from then on."""

    by_rows = True

    def __init__(self, step: int, shown: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.step, self.shown, self.steps = step, shown, 0

    def prepare(self, graph, rows):
        return rows

    def forward(self, rows):
        self.steps += self.training
        broken = self.steps >= self.step and self.training != self.shown
        return self.weight.expand(len(rows), 3) * (torch.nan if broken else 1.0)


@pytest.mark.parametrize(("shown", "what", "epoch"), [(False, "loss", 7), (True, "logits", 10)])
def test_the_first_epoch_that_is_not_finite_is_named(shown: bool, what: str, epoch: int) -> None:
    graph = small_graph()
    with pytest.raises(DivergedError, match=rf"^{what}.*\(got nan in epoch {epoch}\)"):
        train(Breaking(7, shown), graph, graph, TrainSettings(epochs=30, check_every=5))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_no_metric_takes_what_is_not_finite(value: float) -> None:
    truth, logits = torch.tensor([0, 1, 2, 0]), torch.zeros(4, 3, dtype=torch.float64)
    logits[2, 1] = value
    # A logit of −∞ alone is a probability of 0, which ranks.
    for score in (measure, *(METRICS.values() if value != -torch.inf else ())):
        with pytest.raises(UserError, match="must be finite"):
            score(logits, truth)
    with pytest.raises(DivergedError, match="row 2"):
        auc(logits, truth)


def test_predictions_that_are_not_finite_name_the_epoch_of_the_state() -> None:
    graph = small_graph()
    with pytest.raises(DivergedError, match=r"row 0 \(got nan in epoch 20\)"):
        predict(Breaking(0, True).eval(), graph, torch.arange(4), epoch=20)


@pytest.mark.parametrize("name", [n for n, e in MODELS.items() if learns_unlabelled(e.build)])
def test_pretraining_is_finite_or_names_the_epoch(name: str) -> None:
    task = scaled(3e37)
    with seeded(0):
        model = MODELS[name].build(task.schema, MODELS[name].choose_settings())

    def learn() -> None:
        pretrain(model, task.whole, PretrainSettings(epochs=2))
        embeddings(model, task.whole, 2)

    with pytest.raises(DivergedError, match=r"epoch [12]\)"):
        learn()


def test_a_probe_of_what_is_not_finite_fails() -> None:
    x, y = torch.full((9, 2), torch.inf), torch.arange(9) % 3
    nodes = Nodes(torch.arange(9), y)
    with pytest.raises(DivergedError, match=r"loss of the probe \(got nan in epoch 1\)"):
        probe(x, nodes, nodes, nodes.rows, 3, ProbeSettings(steps=2), 0)


def test_settings_that_diverged_are_not_chosen() -> None:
    choices = [Candidate(None, TrainSettings(epochs=n)) for n in (1, 2, 3)]
    assert best_of(choices, [torch.nan, 0.0, torch.nan]) == choices[1]
    assert best_of(choices, [torch.nan] * 3) == choices[0]
