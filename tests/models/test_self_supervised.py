"""What self-supervised models share, against its definition."""

from __future__ import annotations

import pytest
import torch

from models.hetcrf.model import HetCRF
from models.hetcrf.model import loss as hetcrf_loss
from models.registry import MODELS
from models.schema import GraphSchema
from models.seeding import seeded
from models.self_supervised import (
    SelfSupervised,
    learns_unlabelled,
    loss_beside_probe,
    probe_cross_entropy,
    unit_mean_square,
)
from tests.support.dense import assert_near
from tests.support.elsewhere import elsewhere
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
NAMES = sorted(name for name, entry in MODELS.items() if learns_unlabelled(entry.build))


def test_who_learns_without_labels():
    assert NAMES == ["hero", "hero_late", "hetcrf", "shgp", "shgp_late"]
    schema = GraphSchema.of(small_graph())
    for name in NAMES:
        model = MODELS[name].build(schema, MODELS[name].settings())
        assert learns_unlabelled(model)
        assert isinstance(model, SelfSupervised)
        assert MODELS[name].loss in (loss_beside_probe, hetcrf_loss)


@pytest.mark.parametrize("name", NAMES)
def test_labels_move_the_probe_and_nothing_else(name):
    graph, entry = small_graph(dtype=torch.float64), MODELS[name]
    with seeded(0):
        model = entry.build(GraphSchema.of(graph), entry.settings())
    rows = graph["movie"].train_mask.nonzero().flatten()
    weight, slopes = torch.full((len(rows),), 1 / len(rows)), []
    for shift in (0, 1):
        model.zero_grad()
        inputs = model.prepare(graph, rows)  # Anew, so that no model goes on from the last step.
        with seeded(1):
            value = entry.loss(model, inputs, (graph["movie"].y[rows] + shift) % 3, weight)
        value.backward()
        slopes.append(
            {k: p.grad.clone() for k, p in model.named_parameters() if p.grad is not None}
        )
    assert slopes[0]
    for key in slopes[0]:
        same = torch.equal(slopes[0][key], slopes[1][key])
        assert same is not key.startswith("head"), key


def test_cross_entropy_of_the_probe_is_weighted():
    graph = small_graph(dtype=torch.float64)
    with seeded(0):
        model = HetCRF(GraphSchema.of(graph), MODELS["hetcrf"].settings(hidden=4))
        embedding, rows = torch.randn(40, 8), torch.tensor([5, 1])
    labels, weight = torch.tensor([2, 0]), torch.tensor([0.25, 0.75])
    chances = model.head(embedding).softmax(dim=1)
    expected = -(0.25 * chances[5, 2].log() + 0.75 * chances[1, 0].log())
    got = probe_cross_entropy(model, embedding, rows, labels, weight)
    assert_near(got.detach(), expected.detach(), 1e-13)


def test_rows_have_unit_mean_square():
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-1e-3, 0.0]])
    expected = torch.tensor([[0.6, 0.8], [0.0, 0.0], [-1.0, 0.0]]) * 2**0.5
    assert_near(unit_mean_square(x), expected, 1e-15)


ELSEWHERE = [
    ("hetcrf", {"refresh": 1, "negatives": "apart"}),
    ("hetcrf", {"refresh": 1, "encoder": "rgcn", "views": "raw"}),
    ("shgp", {"warm": 1}),
    ("shgp_late", {"warm": 1}),
    ("hero", {}),
    ("hero_late", {}),
]


@pytest.mark.parametrize(("name", "changes"), ELSEWHERE)
def test_pretraining_on_another_device_ends_in_the_same(name, changes):
    """With clusters and label propagation at every step, which a short training does not reach by default."""

    def run(device):
        graph, entry = small_graph(weighted=True, dtype=torch.float64).to(device), MODELS[name]
        with seeded(0):
            model = entry.build(GraphSchema.of(graph), entry.settings(**changes)).to(device)
            inputs = model.prepare(graph, torch.arange(40, device=device))
            optimiser, losses = torch.optim.Adam(model.parameters(), 0.01), []
            for _ in range(3):
                loss, _ = model.pretraining(inputs)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses.append(float(loss.detach()))
        return losses, model.eval().embed(inputs).detach()

    with elsewhere() as device:
        losses, found = run(device)
        assert found.device == device
        found = found.cpu()
    expected = run("cpu")
    assert losses == expected[0]
    assert torch.equal(found, expected[1])
