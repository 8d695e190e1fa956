"""Activations, norms and residuals of MLP, GCN and GraphSAGE against their equations."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from models.choices import UnknownChoiceError
from models.gcn import GCN, GCNSettings
from models.graphsage import GraphSAGE, GraphSAGESettings
from models.layers.between_layers import BetweenLayers
from models.mlp import MLP, MLPSettings
from models.propagation.union import UnionMean, UnionOperator
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
ROWS = torch.tensor([7, 39, 0])
CPU = torch.device("cpu")
SIGMA = {"relu": torch.relu, "elu": functional.elu, "gelu": functional.gelu, "tanh": torch.tanh}


def random(kind, settings, graph):
    with seeded(0):
        model = kind(GraphSchema.of(graph), settings)
        for parameter in model.parameters():
            parameter.data.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


def fused(model, graph):
    """What comes out of the early fusion, [n, width]."""
    features, rows = MLP.prepare(model, graph, torch.arange(graph["movie"].num_nodes))
    return model.fusion(features, {"movie": len(rows)})["movie"]


def by_hand(h, layer, sigma):
    """σ(norm(h)), the norm written out."""
    if isinstance(layer.norm, torch.nn.LayerNorm):
        centred = h - h.mean(dim=1, keepdim=True)
        h = centred / (centred.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
        h = h * layer.norm.weight + layer.norm.bias
    return SIGMA[sigma](h)


@pytest.mark.parametrize("sigma", SIGMA)
@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("residual", [False, True])
def test_mlp(sigma, norm, residual):
    graph = small_graph(dtype=torch.float64)
    settings = MLPSettings(hidden=6, layers=3, activation=sigma, norm=norm, residual=residual)
    model = random(MLP, settings, graph)
    h = by_hand(fused(model, graph), model.between[0], sigma)
    for linear, between in zip(model.hidden, model.between[1:], strict=True):
        moved = by_hand(linear(h), between, sigma)
        h = h + moved if residual else moved
    assert_near(model(model.prepare(graph, ROWS)).detach(), model.head(h)[ROWS].detach(), 1e-12)


@pytest.mark.parametrize("sigma", SIGMA)
@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("residual", [False, True])
def test_gcn(sigma, norm, residual):
    graph = small_graph(weighted=True, dtype=torch.float64)
    settings = GCNSettings(hidden=6, layers=3, activation=sigma, norm=norm, residual=residual)
    model = random(GCN, settings, graph)
    s = UnionOperator(graph, GraphSchema.of(graph), 4, CPU) @ torch.eye(40)
    h = s @ fused(model, graph)
    h = by_hand(h, model.between[0], sigma)
    h = s @ model.hidden[0](h) + (h if residual else 0)
    h = by_hand(h, model.between[1], sigma)
    h = s @ h + (h if residual else 0)
    assert_near(model(model.prepare(graph, ROWS)).detach(), model.head(h)[ROWS].detach(), 1e-12)


@pytest.mark.parametrize("sigma", SIGMA)
@pytest.mark.parametrize("norm", ["none", "layer"])
@pytest.mark.parametrize("residual", [False, True])
def test_graphsage(sigma, norm, residual):
    graph = small_graph(weighted=True, dtype=torch.float64)
    settings = GraphSAGESettings(hidden=6, layers=3, activation=sigma, norm=norm, residual=residual)
    model = random(GraphSAGE, settings, graph)
    m = UnionMean(graph, GraphSchema.of(graph), 4, CPU) @ torch.eye(40)

    def aggregated(both):
        own, near = both.chunk(2, dim=1)
        return own + m @ near

    h = by_hand(aggregated(fused(model, graph)), model.between[0], sigma)
    h = aggregated(model.layers[0](h)) + (h if residual else 0)
    # The last layer makes logits, to which nothing can be added.
    h = aggregated(model.layers[1](by_hand(h, model.between[1], sigma)))
    assert_near(model(model.prepare(graph, ROWS)).detach(), h[ROWS].detach(), 1e-12)


def test_the_defaults_are_a_relu_and_nothing_else():
    x = torch.randn(5, 4)
    assert torch.equal(BetweenLayers(4)(x), torch.relu(x))
    assert not list(BetweenLayers(4).parameters())
    for settings in (MLPSettings(), GCNSettings(), GraphSAGESettings()):
        assert (settings.activation, settings.norm, settings.residual) == ("relu", "none", False)


def test_unknown_names():
    with pytest.raises(UnknownChoiceError, match=r"activation .*did you mean 'relu'"):
        BetweenLayers(4, activation="rellu")
    with pytest.raises(UnknownChoiceError, match=r"norm .*did you mean 'layer'"):
        BetweenLayers(4, norm="layr")
