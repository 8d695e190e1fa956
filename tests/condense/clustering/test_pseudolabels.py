"""Who guesses the classes of unlabelled nodes, and what it may see."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import relu

from condense.clustering.propagation import RelayView
from condense.clustering.pseudolabels import pseudo_labels, teach
from condense.clustering.settings import PseudoLabelling
from condense.clustering.teachers import network as network_module
from condense.clustering.teachers.network import _trained, network
from condense.clustering.teachers.ridge import ridge
from condense.clustering.teachers.training_data import Teacher, TrainingData
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from tests.support.dense import assert_near
from tests.support.graphs import small_graph


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(n: int = 60, width: int = 8, curved: bool = False) -> TrainingData:
    """Two classes; `curved`: the class is the sign of a product, of which no linear map sees anything."""
    z = torch.randn(2 * n, width, generator=seeded())
    y = (z[:, 0] * (z[:, 1] if curved else 1.0) > 0).long()
    return TrainingData(z[:n], y[:n], z[n:], y[n:], 2)


def view_of(graph) -> RelayView:
    return RelayView.of(complete(hide_test_labels(graph)), 2, 256, seeded())


def test_the_network_learns_what_is_linear_and_what_is_not():
    assert network(data(300), seeded()).val_accuracy > 0.9
    curved = data(600, curved=True)
    assert network(curved, seeded()).val_accuracy > 0.7
    assert ridge(curved).val_accuracy < 0.6


@pytest.mark.parametrize(("n", "tried"), [(127, [0.5]), (128, [0.5, 0.0])])
def test_of_very_many_nodes_a_network_without_dropout_is_tried(monkeypatch, n, tried):
    found = []

    def trained(given, dropout, generator):
        found.append(dropout)
        return Teacher(torch.zeros(1), torch.zeros(1), 1 - dropout)

    monkeypatch.setattr(network_module, "_trained", trained)
    assert network(data(n), seeded()).val_accuracy == 1 - tried[-1]
    assert found == tried


def test_of_very_many_validation_nodes_some_are_scored(monkeypatch):
    monkeypatch.setattr(network_module, "MOST_VALIDATED", 7)
    given = data()
    assert len(given.z_val) % 7
    first, second = network(given, seeded()), network(given, seeded())
    assert 7 * first.val_accuracy == pytest.approx(round(7 * first.val_accuracy))
    assert torch.equal(first.weight, second.weight)


def test_without_dropout_many_weak_inputs_tell_more():
    z = torch.randn(6000, 64, generator=seeded())
    y = (z.sum(dim=1) > 0).long()
    given = TrainingData(z[:4000], y[:4000], z[4000:], y[4000:], 2)
    assert network(given, seeded()).val_accuracy > _trained(given, 0.5, seeded()).val_accuracy


@pytest.mark.parametrize("kind", ["ridge", "network", "auto"])
def test_validation_accuracy_is_that_of_the_scores(kind):
    given = data()
    taught = teach(given, kind, seeded())
    scores = taught.head(given.z_val @ taught.weight + taught.bias)
    assert taught.val_accuracy == float((scores.argmax(dim=1) == given.y_val).double().mean())


def test_scores_of_a_whole_graph_are_those_of_its_meta_path_features():
    view = view_of(small_graph(num_target=60))
    taught = network(TrainingData.of(view), seeded())
    z = view.features(torch.arange(60))
    (layer_norm, _, _, last), _ = taught.head  # LayerNorm, ReLU, dropout, linear; softmax.
    norm = torch.nn.functional.layer_norm(z @ taught.weight + taught.bias, (256,))
    hidden = relu(norm * layer_norm.weight + layer_norm.bias)
    assert_near(taught.scores(view), (hidden @ last.weight.T + last.bias).softmax(dim=1), 1e-4)


def test_auto_is_the_network_where_labels_outnumber_inputs():
    few, many = data(n=6, width=40), data(n=60, width=8)
    assert torch.equal(teach(few, "auto", seeded()).weight, ridge(few).weight)
    assert torch.equal(teach(many, "auto", seeded()).weight, network(many, seeded()).weight)


def test_equal_generators_give_equal_networks_and_leave_the_global_one_alone():
    before = torch.random.get_rng_state()
    first, again, other = (network(data(), seeded(s)).weight for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("kind", ["ridge", "network"])
def test_training_nodes_keep_their_class_and_validation_nodes_are_guessed(kind):
    """Another labelling of the validation nodes may only change which of the guesses is taken."""
    view = view_of(small_graph(num_target=80))
    store = view.graph["movie"]
    found = pseudo_labels(view, PseudoLabelling(kind), seeded())
    assert torch.equal(found[store.train_mask], store.y[store.train_mask])
    assert int(found.min()) >= 0
    # If these labels were copied, all guesses there would agree with them.
    store.y[store.val_mask] = (found[store.val_mask] + 1) % 3
    again = pseudo_labels(view, PseudoLabelling(kind), seeded())
    assert bool((again[store.val_mask] != store.y[store.val_mask]).any())


def test_with_nobody_to_guess_for_nobody_is_taught():
    view = view_of(small_graph(num_target=60))
    store = view.graph["movie"]
    store.train_mask, store.val_mask = torch.ones(60, dtype=torch.bool), torch.zeros(60).bool()
    store.y = torch.arange(60) % 3
    assert torch.equal(pseudo_labels(view, PseudoLabelling(), seeded()), store.y)
