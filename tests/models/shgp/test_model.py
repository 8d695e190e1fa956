"""SHGP as a whole: its protocol, late fusion, and that it finds communities."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from condense.data.graph import MultimodalGraph
from models.layers.late_fusion import copies_of
from models.schema import GraphSchema
from models.seeding import seeded
from models.self_supervised import SelfSupervised, learns_unlabelled
from models.shgp.model import SHGP
from models.shgp.settings import LateSHGPSettings, SHGPSettings
from tests.models.layers.test_late_fusion import without
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
SMALL = SHGPSettings(hidden=8, attention=4, warm=5, input_dropout=0.0)
both = pytest.mark.parametrize("fusion", ["early", "late"])


def build(graph, **changes):
    with seeded(0):
        return SHGP(GraphSchema.of(graph), dataclasses.replace(SMALL, **changes))


def prepared(model, graph):
    return model.prepare(graph, torch.arange(graph[graph.target].num_nodes))


def trained(model, inputs, steps=30, seed=1):
    optimiser, found = torch.optim.Adam(model.parameters(), lr=0.01), []
    with seeded(seed):
        for _ in range(steps):
            value, _ = model.train().pretraining(inputs)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            found.append(float(value.detach()))
    model.eval()
    return found


def communities(seed):
    """Three communities of forty items, each joined to five of its ten hubs; features are noise."""
    rng = torch.Generator().manual_seed(seed)
    graph = MultimodalGraph()
    y = torch.arange(120) % 3
    graph["item"].num_nodes, graph["hub"].num_nodes = 120, 30
    for node_type, count in (("item", 120), ("hub", 30)):
        graph[node_type].x_text = torch.randn(count, 8, generator=rng)
    hub = torch.rand(120, 10, generator=rng).argsort(dim=1)[:, :5] * 3 + y[:, None]
    edges = torch.stack([torch.arange(120).repeat_interleave(5), hub.flatten()])
    graph["item", "at", "hub"].edge_index = edges
    graph["hub", "rev_at", "item"].edge_index = edges.flip(0)
    graph["item"].y = y
    graph.target, graph.num_classes = "item", 3
    return graph


def by_centres(x, y):
    """The share of nodes nearest to the mean of the first two of their class."""
    centres = torch.stack([x[y == c][:2].mean(dim=0) for c in range(3)])
    return float((torch.cdist(x, centres).argmin(dim=1) == y).double().mean())


@both
def test_it_learns_without_labels(fusion):
    graph = small_graph(weighted=True, dtype=torch.float64)
    for key in ("y", "train_mask", "val_mask", "test_mask"):
        del graph["movie"][key]
    model = build(graph, fusion=fusion)
    inputs = prepared(model, graph)
    losses = trained(model, inputs, 40)
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
    found = model.embed(inputs)
    assert found.shape == (40, 8 if fusion == "early" else 16)
    assert_near(found.detach().square().mean(dim=1), torch.ones(40), 1e-9)
    assert isinstance(model, SelfSupervised)
    assert learns_unlabelled(SHGP)


def test_embeddings_show_planted_communities_better_than_before():
    for seed in range(3):
        graph = communities(seed)
        model, y = build(graph), graph["item"].y
        inputs = prepared(model, graph)
        before = by_centres(model.eval().embed(inputs).detach(), y)
        trained(model, inputs, 50, seed)
        found = model.encoder.pseudo.labels["item"]
        assert [len(found[c::3].unique()) for c in range(3)] == [1, 1, 1]
        assert by_centres(model.embed(inputs).detach(), y) > before + 0.1


def test_each_copy_is_the_early_model_of_a_graph_with_one_modality():
    graph = small_graph(weighted=True, dtype=torch.float64)
    model = build(graph, fusion="late", dropout=0.0)
    inputs, embeddings, losses = prepared(model, graph), [], []
    assert model.encoder.modalities == ("text", "image")
    alone = []
    for modality, other in (("text", "image"), ("image", "text")):
        single = build(without(graph, other), dropout=0.0)
        single.encoder.load_state_dict(model.encoder.copies[f"{modality}:"].state_dict())
        alone.append((single, prepared(single, without(graph, other))))
        embeddings.append(single.eval().embed(alone[-1][1]).detach())
    got = model.eval().embed(inputs).detach()
    assert_near(got, torch.cat(embeddings, dim=1), 1e-12)
    assert not torch.allclose(*embeddings)
    with seeded(3):
        total, found = model.pretraining(inputs)
    with seeded(3):  # The copies draw their labels in turn.
        for single, own in alone:
            losses.append(single.pretraining(own)[0].detach())
    assert_near(total.detach(), losses[0] + losses[1], 1e-12)
    assert_near(found, got, 1e-12)
    assert not found.requires_grad
    first, second = (
        copy.pseudo.labels["movie"] for copy, _ in copies_of(model.encoder, inputs.features)
    )
    assert not torch.equal(first, second)


def test_with_one_modality_only_the_name_of_parameters_differs():
    graph = without(small_graph(weighted=True, dtype=torch.float64), "image")
    one, other = build(graph), build(graph, fusion="late")
    other.encoder.copies["text:"].load_state_dict(one.encoder.state_dict())
    other.head.load_state_dict(one.head.state_dict())
    runs = [(trained(m, prepared(m, graph)), m(prepared(m, graph)).detach()) for m in (one, other)]
    assert runs[0][0] == pytest.approx(runs[1][0], rel=1e-9)
    assert_near(runs[1][1], runs[0][1], 1e-9)


def test_a_type_without_the_modality_starts_from_its_bias_in_that_copy():
    graph = small_graph(dtype=torch.float64)
    model = build(graph, fusion="late")
    _, (image, own) = copies_of(model.encoder, prepared(model, graph).features)
    assert own["director"] == {}
    image.encoder.fusion.bias["director:"].data.normal_()
    x = image.encoder.fusion(own, {"movie": 40, "director": 10, "actor": 20})["director"]
    assert torch.equal(x, image.encoder.fusion.bias["director:"].expand(10, 8))


@both
def test_no_edges_one_node_and_a_modality_that_nobody_has(fusion):
    graph = small_graph(num_target=12, dtype=torch.float64)
    graph["movie"].has_image[:] = False
    for r in graph.edge_types:
        graph[r].edge_index = torch.zeros(2, 0, dtype=torch.long)
    single = communities(0)
    for r in single.edge_types:
        single[r].edge_index = torch.zeros(2, 0, dtype=torch.long)
    single["item"].num_nodes, single["item"].x_text = 1, torch.ones(1, 8)
    for case in (graph, single):
        model = build(case, fusion=fusion)
        inputs = prepared(model, case)
        losses = trained(model, inputs, 8)
        assert bool(torch.isfinite(torch.tensor(losses)).all())
        assert bool(torch.isfinite(model.embed(inputs)).all())


def test_settings_that_cannot_be_meant():
    with pytest.raises(ValueError, match=r"clusters .got 1. must be at least 2"):
        SHGPSettings(clusters=1)
    for name in ("hidden", "attention", "layers", "warm", "sweeps"):
        with pytest.raises(ValueError, match=rf"{name} .got 0. must be at least 1; leave it out"):
            SHGPSettings(**{name: 0})
    for name in ("dropout", "input_dropout"):
        with pytest.raises(ValueError, match=rf"{name} .got 1.0. must lie in \[0, 1\); try 0.5"):
            LateSHGPSettings(**{name: 1.0})
