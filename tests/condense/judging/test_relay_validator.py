"""The validator's score against a relay trained by plain autograd, and edge cases."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from condense.clustering.propagation import RelayView
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.judging.relay_validator import STEPS, RelayValidator
from models.relays.linear import Parameters
from models.relays.two_layer import TwoLayer
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def test_score_is_the_accuracy_of_a_relay_trained_on_the_condensed_rows():
    whole = complete(hide_test_labels(small_graph(num_target=80, dtype=torch.float64)))
    view = RelayView.of(whole, 1, 4, torch.Generator().manual_seed(0))
    store = whole["movie"]
    rows = store.train_mask.nonzero().flatten()
    z, y = view.features(rows), store.y[rows]

    weight = torch.zeros(z.size(1), view.schema.num_classes, requires_grad=True)
    bias = torch.zeros(view.schema.num_classes, requires_grad=True)
    adam = torch.optim.Adam([weight, bias], lr=0.01)
    for _ in range(STEPS):
        adam.zero_grad()
        cross_entropy(z @ weight + bias, y).backward()
        adam.step()
    val = store.val_mask.nonzero().flatten()
    predicted = (view.features(val) @ weight + bias).argmax(dim=1)
    expected = float((predicted == store.y[val]).double().mean())
    assert 0 < expected < 1
    assert RelayValidator.of(view, 0.01, "linear", 64).score(z, y) == pytest.approx(expected)


def validator(z, y, lr=0.1):
    return RelayValidator(z, y, 2, lr, Parameters.start(z.size(1), 0, 2, z))


def test_linearly_separable_classes_score_one():
    y = torch.tensor([0, 1] * 10)
    z = torch.nn.functional.one_hot(y, 2).double()
    assert validator(z, y).score(z, y) == 1.0
    assert validator(z, 1 - y).score(z, y) == 0.0


def test_hidden_units_separate_classes_that_a_line_cannot():
    z = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]).repeat(5, 1) - 0.5
    y = torch.tensor([0, 0, 1, 1]).repeat(5)
    start = TwoLayer.start(2, 64, 2, z)
    two_layer = RelayValidator(z, y, 2, 0.1, start)
    assert validator(z, y).score(z, y) < 1.0
    assert two_layer.score(z, y) == 1.0
    # Scores along a run are comparable: the relay starts from the same point each time.
    assert torch.equal(start.hidden_weight, TwoLayer.start(2, 64, 2, z).hidden_weight)
    assert not start.weight.any()


def test_without_validation_nodes_there_is_no_score():
    y = torch.tensor([0, 1])
    z = torch.eye(2)
    start = Parameters.start(2, 0, 2, z)
    assert math.isnan(RelayValidator(z[:0], y[:0], 2, 0.1, start).score(z, y))
