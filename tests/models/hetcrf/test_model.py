"""HetCRF as a whole: its channels and switches, what each reads, and that it learns."""

from __future__ import annotations

import copy
import dataclasses
import itertools

import pytest
import torch

from models.choices import UnknownChoiceError
from models.hetcrf.model import ENCODERS, HetCRF, loss
from models.hetcrf.settings import HetCRFSettings
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
SMALL = HetCRFSettings(hidden=8, heads=2, refresh=2)
SWITCHES = {
    "no augmentation": {"positives": 0, "deviated": 0.0},
    "meta-paths only": {"deviated": 0.0},
    "clusters only": {"positives": 0},
    "raw views": {"views": "raw"},
    "no generative channel": {"feature_weight": 0.0, "structure_weight": 0.0},
    "no contrastive channel": {"contrast_weight": 0.0},
    "hard negatives": {"negatives": "hard"},
    "negatives of other clusters": {"negatives": "apart"},
    "two layers": {"layers": 2},
    "HAN decodes": {"decoder": "han"},
    "wrong number of clusters": {"clusters": 7},
    "hgt": {"encoder": "hgt"},
    "rgcn": {"encoder": "rgcn"},
}


def build(graph, **changes):
    with seeded(0):
        return HetCRF(GraphSchema.of(graph), dataclasses.replace(SMALL, **changes))


def prepared(model, graph):
    return model.prepare(graph, torch.arange(graph["movie"].num_nodes))


def trained(model, inputs, steps=30):
    found = []
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    with seeded(1):
        for _ in range(steps):
            value, _ = model.train().pretraining(inputs)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            found.append(float(value.detach()))
    model.eval()
    return found


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_learns_without_labels(name):
    graph = small_graph(weighted=True, dtype=torch.float64)
    for key in ("y", "train_mask", "val_mask", "test_mask"):
        del graph["movie"][key]
    model = build(graph, **SWITCHES[name])
    inputs = prepared(model, graph)
    losses = trained(model, inputs)
    assert sum(losses[-5:]) < 0.95 * sum(losses[:5])
    found = model.embed(inputs)
    halves = 1 if name.startswith("no ") and "channel" in name else 2
    assert found.shape == (40, 8 * halves)
    assert_near(found.square().mean(1), torch.ones(40), 1e-9)


def test_the_loss_is_the_weighted_sum_of_its_parts():
    graph = small_graph(dtype=torch.float64)
    parts = ("feature_weight", "structure_weight", "contrast_weight")
    plain = {"dropout": 0.0, "input_dropout": 0.0, "deviated": 0.0}
    values = []
    for weights in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 3, 5)):
        chosen = dict(zip(parts, map(float, weights), strict=True))
        model = build(graph, **plain, **chosen)
        state = build(graph).state_dict()
        own = model.state_dict()
        model.load_state_dict({k: state[k] if "head" not in k else own[k] for k in own})
        with seeded(4):  # Equal masks.
            values.append(model.pretraining(prepared(model, graph))[0].detach())
    assert_near(values[3], 2 * values[0] + 3 * values[1] + 5 * values[2], 1e-9)


def test_the_probe_reaches_the_encoder_by_no_gradient():
    graph = small_graph(dtype=torch.float64)
    model = build(graph)
    rows = graph["movie"].train_mask.nonzero().flatten()
    inputs, weight = model.prepare(graph, rows), torch.full((len(rows),), 1 / len(rows))
    slopes = []
    for y in (graph["movie"].y[rows], torch.zeros(len(rows), dtype=torch.long)):
        model.zero_grad()
        with seeded(0):
            loss(model, inputs, y, weight).backward()
        slopes.append({k: copy.deepcopy(p.grad) for k, p in model.named_parameters()})
    for name, slope in slopes[0].items():
        same = (slope is None and slopes[1][name] is None) or torch.equal(slope, slopes[1][name])
        assert same is not name.startswith("head")


@pytest.mark.parametrize("learns_from", ["labels", "nothing"])
def test_controls_learn_from_labels_or_from_nothing(learns_from):
    graph = small_graph(dtype=torch.float64)
    model = build(graph, learns_from=learns_from, dropout=0.0, input_dropout=0.0)
    rows = graph["movie"].train_mask.nonzero().flatten()
    y, inputs = graph["movie"].y[rows], model.prepare(graph, rows)
    value = loss(model, inputs, y, torch.full((len(rows),), 1 / len(rows)))
    assert_near(value, torch.nn.functional.cross_entropy(model(inputs), y), 1e-12)
    value.backward()
    moved = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert {"head.weight", "head.bias"} <= moved
    assert any(name.startswith("encoder") for name in moved) is (learns_from == "labels")


def test_embeddings_show_the_classes_better_than_before():
    """Fitted on a graph of twelve films as on a condensed one, and read off the whole graph."""
    whole, small = (small_graph(dtype=torch.float64, num_target=n) for n in (40, 12))
    model = build(whole, input_dropout=0.0, dropout=0.0)
    y = whole["movie"].y

    def apart():
        x = model.eval().embed(prepared(model, whole)).detach()
        between = torch.stack([x[y == c].mean(0) for c in range(3)]).var(0).sum()
        within = torch.stack([x[y == c].var(0).sum() for c in range(3)]).mean()
        return float(between / within)

    before = apart()
    trained(model, prepared(model, small), 40)
    assert apart() > before


def test_clusters_are_sought_every_so_often_and_anew_on_another_graph():
    graph, other = small_graph(dtype=torch.float64), small_graph(dtype=torch.float64, num_target=20)
    model = build(graph, refresh=3)
    inputs, seen = prepared(model, graph), []
    for _ in range(7):
        model.pretraining(inputs)
        seen.append(model.clusters)
    assert seen[:3] == [None] * 3
    assert seen[3] is seen[4] is seen[5] is not None
    assert seen[6] is not seen[5]
    model.pretraining(prepared(model, other))
    assert model.clusters is None


@pytest.mark.parametrize("encoder", ENCODERS)
def test_an_empty_relation_a_lone_node_and_a_missing_modality(encoder):
    graph = small_graph(dtype=torch.float64)
    graph["actor", "rev_features", "movie"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph["movie"].has_image[:] = False
    model = build(graph, encoder=encoder)
    assert bool(torch.isfinite(torch.tensor(trained(model, prepared(model, graph), 5))).all())
    assert bool(torch.isfinite(model.embed(prepared(model, graph))).all())


def test_a_bound_on_neighbours_changes_nothing_that_it_does_not_reach():
    graph = small_graph(dtype=torch.float64)
    wide, narrow = build(graph, strongest=39), build(graph, strongest=3)
    narrow.load_state_dict(wide.state_dict())
    full = build(graph, strongest=1000)
    full.load_state_dict(wide.state_dict())
    found = [m.eval().embed(prepared(m, graph)) for m in (wide, full, narrow)]
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2])
    assert max(len(g.weight) for g in prepared(narrow, graph).graphs) <= 40 * 4


def test_settings_that_cannot_be_meant():
    with pytest.raises(ValueError, match=r"hidden .got 10. must be a multiple of heads .4."):
        HetCRFSettings(hidden=10)
    with pytest.raises(ValueError, match="leaves nothing to learn"):
        HetCRFSettings(feature_weight=0.0, structure_weight=0.0, contrast_weight=0.0)
    with pytest.raises(ValueError, match=r"temperature .got 0.01. must be at least"):
        HetCRFSettings(temperature=0.01)
    with pytest.raises(ValueError, match=r"replaced . kept .got 1"):
        HetCRFSettings(replaced=0.5, kept=0.5)
    with pytest.raises(ValueError, match=r"edge_mask .got 1.5. must be a share"):
        HetCRFSettings(edge_mask=1.5)
    with pytest.raises(ValueError, match=r"refresh .got 0. must be at least 1"):
        HetCRFSettings(refresh=0)
    with pytest.raises(ValueError, match=r"clusters .got 0. must be at least 1"):
        HetCRFSettings(clusters=0)
    with pytest.raises(UnknownChoiceError, match=r"encoder .got 'hat'. is unknown"):
        build(small_graph(), encoder="hat")


def test_switches_can_be_combined():
    graph = small_graph(num_target=12, dtype=torch.float64)
    for views, negatives, encoder in itertools.product(
        ("embedding", "raw"), ("all", "hard", "apart"), ENCODERS
    ):
        model = build(graph, views=views, negatives=negatives, encoder=encoder, refresh=1)
        assert bool(torch.isfinite(torch.tensor(trained(model, prepared(model, graph), 2))).all())
