"""HERO as a whole: what it reads, that it learns without labels, and late fusion."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch

from evaluate.training.pretrain import PretrainSettings, embeddings, pretrain
from models.choices import UnknownChoiceError
from models.hero.model import HERO, beside
from models.hero.self_expression import distances, self_expressed
from models.hero.settings import HEROSettings, LateHEROSettings
from models.layers.late_fusion import side_by_side
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
SMALL = HEROSettings(hidden=8, common=6, specific=10, changed=7, input_dropout=0.0)
both_fusions = pytest.mark.parametrize("fusion", ["early", "late"])


def build(graph, **changes):
    with seeded(0):
        model = HERO(GraphSchema.of(graph), dataclasses.replace(SMALL, **changes))
        for parameter in model.parameters():  # Those that start at zero too.
            parameter.data.add_(0.2 * torch.randn_like(parameter))
    return model


def prepared(model, graph):
    return model.prepare(graph, torch.arange(graph["movie"].num_nodes))


def twice(graph):
    """Every target node twice, its edges with it."""
    other, n = copy.copy(graph), graph["movie"].num_nodes
    other["movie"].num_nodes = 2 * n
    for key, value in graph["movie"].items():
        if isinstance(value, torch.Tensor):
            other["movie"][key] = torch.cat([value, value])
    for relation in graph.edge_types:
        shift = torch.tensor([[n * (end == "movie")] for end in (relation[0], relation[2])])
        index = graph[relation].edge_index
        other[relation].edge_index = torch.cat([index, index + shift], dim=1)
        if "edge_weight" in graph[relation]:
            other[relation].edge_weight = graph[relation].edge_weight.repeat(2)
    return other


@both_fusions
def test_every_target_node_twice_changes_neither_views_nor_loss(fusion):
    graph = small_graph(weighted=True, dtype=torch.float64)
    model, other = build(graph, fusion=fusion), twice(graph)
    assert other["movie"].num_nodes == 80
    once, again = (prepared(model, g) for g in (graph, other))
    for rows in (slice(0, 40), slice(40, 80)):
        assert_near(model.embed(again)[rows].detach(), model.embed(once).detach(), 1e-10)
        assert_near(model(again)[rows].detach(), model(once).detach(), 1e-10)
    assert_near(model.pretraining(again)[0].detach(), model.pretraining(once)[0].detach(), 1e-10)


def test_views_and_loss_are_those_of_the_parts():
    graph = small_graph(weighted=True, dtype=torch.float64)
    model = build(graph, alpha=2.0, beta=0.5, gamma=3.0, eta=0.5, specificity=0.7)
    inputs, encoder = prepared(model, graph), model.encoder
    movie = graph["movie"]
    image = movie.x_image.masked_fill(~movie.has_image[:, None], 0.0)
    x = encoder.fusion(inputs.features, inputs.sizes)
    h = x["movie"] @ encoder.own.weight.T + encoder.own.bias
    z = self_expressed(h, distances(torch.cat([movie.x_text, image], dim=1)), 2.0, 0.5)
    e = encoder.heterogeneous(x, inputs.averages)
    total, embedding = model.pretraining(inputs)
    assert_near(total.detach(), encoder.project(e, z, 3.0, 0.5, 0.7).detach(), 1e-12)
    assert_near(embedding, beside(e, z).detach(), 1e-12)
    assert_near(embedding, model.embed(inputs).detach(), 1e-12)
    assert not embedding.requires_grad
    assert_near(model(inputs).detach(), model.head(embedding).detach(), 1e-12)


def test_both_halves_have_unit_mean_square():
    e, z = 100 * torch.randn(5, 4), 0.01 * torch.randn(5, 4)
    z[2] = 0
    found = beside(e, z)
    expected = torch.ones(5)
    assert_near(found[:, :4].square().mean(dim=1), expected, 1e-12)
    expected[2] = 0
    assert_near(found[:, 4:].square().mean(dim=1), expected, 1e-12)


@both_fusions
def test_it_learns_without_labels_on_a_small_graph_for_the_whole_one(fusion):
    whole, small = (small_graph(dtype=torch.float64, num_target=n) for n in (40, 12))
    for graph in (whole, small):
        y = graph["movie"].y
        for key in ("y", "train_mask", "val_mask", "test_mask"):
            del graph["movie"][key]
        graph["movie"].y = torch.full_like(y, -1)  # `pretrain` reads its device.
    with seeded(0):
        model = HERO(GraphSchema.of(whole), dataclasses.replace(SMALL, fusion=fusion))
    unseen, losses = prepared(model, whole), []
    before = float(model.pretraining(unseen)[0].detach())
    fixed = {k: v.clone() for k, v in model.state_dict().items() if "project" in k or "head" in k}
    pretrain(
        model, small, PretrainSettings(40, 0.01), on_epoch=lambda epoch, loss: losses.append(loss)
    )
    assert sum(losses[-5:]) < sum(losses[:5]) - 1
    assert float(model.pretraining(unseen)[0].detach()) < before - 1
    assert embeddings(model, whole).shape == (40, 16 if fusion == "early" else 32)
    assert all(torch.equal(model.state_dict()[k], v) for k, v in fixed.items())


def test_late_fusion_is_the_sum_of_losses_and_copies_side_by_side():
    graph = small_graph(weighted=True, dtype=torch.float64)
    model = build(graph, fusion="late")
    inputs, losses, found = prepared(model, graph), [], []
    assert set(inputs.apart) == {("text",), ("image",)}
    for modality in ("text", "image"):
        part, other = copy.copy(graph), {"text": "image", "image": "text"}[modality]
        for node_type in graph.node_types:
            for key in (f"x_{other}", f"has_{other}"):
                part[node_type].pop(key, None)
        single = build(part)
        single.encoder.load_state_dict(model.encoder.copies[f"{modality}:"].state_dict())
        value, embedding = single.pretraining(prepared(single, part))
        losses.append(value.detach())
        found.append(embedding)
    total, embedding = model.pretraining(inputs)
    assert_near(total.detach(), torch.stack(losses).sum(), 1e-12)
    assert_near(embedding, torch.cat(found, dim=1), 1e-12)
    assert_near(side_by_side(torch.stack(found, dim=1)), embedding, 1e-15)
    assert_near(model.embed(inputs).detach(), embedding, 1e-12)


def test_a_copy_whose_modality_the_target_lacks():
    """Its Z is the same at every node; the neighbours' modality shows in E."""
    graph = small_graph(dtype=torch.float64)
    with seeded(3):
        graph["actor"].x_sound = torch.randn(20, 3)
    model = build(graph, fusion="late")
    inputs = prepared(model, graph)
    assert not inputs.apart[()].scale.any()
    total, found = model.pretraining(inputs)
    assert bool(torch.isfinite(total))
    e, z = found[:, -16:-8], found[:, -8:]
    assert_near(z, z[:1].expand_as(z), 1e-12)
    assert (e - e[:1]).abs().max().item() > 0.1
    total.backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.grad is not None)


@both_fusions
@pytest.mark.parametrize("case", ["one node", "no edges", "all alike", "wide", "no modality"])
def test_degenerate_graphs_give_finite_values_and_slopes(fusion, case):
    graph = small_graph(dtype=torch.float64)
    if case == "one node":
        graph = graph.subgraph({"movie": torch.tensor([3])})
    elif case == "no edges":
        for relation in graph.edge_types:
            graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    elif case == "all alike":
        graph["movie"].x_text[:] = 0.1
        graph["movie"].has_image[:] = False
    elif case == "no modality":
        for node_type in ("movie", "director"):
            graph[node_type].has_text = torch.zeros(graph[node_type].num_nodes, dtype=torch.bool)
        graph["movie"].has_image[:] = False
    model = build(graph, fusion=fusion, hidden=64 if case == "wide" else 8)
    inputs = prepared(model, graph)
    total, embedding = model.pretraining(inputs)
    total.backward()
    assert bool(torch.isfinite(total))
    assert bool(torch.isfinite(embedding).all())
    assert bool(torch.isfinite(model(inputs)).all())
    assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.grad is not None)


def test_settings_that_cannot_be_meant():
    with pytest.raises(ValueError, match=r"beta .got 0.0. must be positive"):
        HEROSettings(beta=0.0)
    with pytest.raises(ValueError, match=r"input_dropout .got 1.0. must lie in"):
        HEROSettings(input_dropout=1.0)
    with pytest.raises(ValueError, match=r"alpha .got -1.0. must not be negative"):
        HEROSettings(alpha=-1.0)
    with pytest.raises(ValueError, match=r"common .got 0. must be at least 1"):
        LateHEROSettings(common=0)
    settings = HEROSettings()
    object.__setattr__(settings, "fusion", "lat")  # As where no test checks types.
    with pytest.raises(UnknownChoiceError, match=r"fusion .got 'lat'. is unknown"):
        HERO(GraphSchema.of(small_graph()), settings)
    assert LateHEROSettings().fusion == "late"
