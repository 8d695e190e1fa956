"""GAT against PyG on one relation, and against its equations on several types."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import GATConv

from models.gat import GAT, GATSettings
from models.propagation.metapaths import returning_paths
from tests.support.dense import assert_near
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union, items, random_model

pytestmark = pytest.mark.usefixtures("double")


def load(conv, weight, attention):
    """Put one layer's parameters into PyG's; only PyG's bias is added after the attention."""
    conv.lin.weight.data = weight.data
    conv.att_src.data, conv.att_dst.data = attention.sends.data[None], attention.receives.data[None]
    conv.bias.data.zero_()


@pytest.mark.parametrize("output_heads", [1, 3])
def test_on_one_relation_it_is_two_layers_of_pyg(output_heads):
    graph, edges, _ = items()
    settings = GATSettings(hidden=4, heads=2, output_heads=output_heads)
    model = random_model(GAT, graph, settings)
    inner, outer = GATConv(4, 4, 2), GATConv(8, 3, output_heads, concat=False)
    load(inner, model.fusion.weight["item:text"], model.attention[0])
    load(outer, model.linear[0].weight, model.attention[1])
    model.fusion.bias["item:"].data.zero_()
    model.linear[0].bias.data.zero_()
    expected = outer(torch.nn.functional.elu(inner(graph["item"].x_text, edges)), edges)
    rows = torch.tensor([9, 0, 4])
    assert_near(model(model.prepare(graph, rows)).detach(), expected[rows].detach(), 1e-12)


def by_equation(z, a, attention, slope=0.2):
    """w_ij e^{x_ij} / Σ_j w_ij e^{x_ij}, head by head, with w the entries of I + A."""
    heads = []
    for h in range(z.size(1)):
        sends, receives = z[:, h] @ attention.sends[h], z[:, h] @ attention.receives[h]
        score = torch.nn.functional.leaky_relu(receives[:, None] + sends[None, :], slope)
        strength = a * score.exp()
        heads.append(strength / strength.sum(dim=1, keepdim=True) @ z[:, h])
    return torch.stack(heads, dim=1)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_logits_and_gradients_of_several_types_are_those_of_the_equations(layers):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model = random_model(GAT, graph, GATSettings(hidden=4, heads=2, output_heads=2, layers=layers))
    a = torch.eye(12) + dense_union(graph, returning_paths(graph.edge_types, "movie", 4))
    movie, fusion = graph["movie"], model.fusion
    lacks = ~movie.has_image[:, None]
    z = (
        movie.x_text @ fusion.weight["movie:text"].T
        + movie.x_image.masked_fill(lacks, 0) @ fusion.weight["movie:image"].T
        + lacks * fusion.missing["movie:image"]
        + fusion.bias["movie:"]
    )
    for i, attention in enumerate(model.attention):
        h = by_equation(z.unflatten(1, model.shapes[i]), a, attention)
        if i < len(model.linear):
            z = model.linear[i](torch.nn.functional.elu(h.flatten(1)))
    rows = torch.tensor([11, 4, 0])
    got, expected = model(model.prepare(graph, rows)), h.mean(dim=1)[rows]
    assert_near(got.detach(), expected.detach(), 1e-12)
    slopes = [
        # The equations leave out the stand-in for text, which no film lacks.
        torch.autograd.grad(logits.square().sum(), list(model.parameters()), materialize_grads=True)
        for logits in (got, expected)
    ]
    assert_near(*(torch.cat([x.flatten() for x in slope]) for slope in slopes), 1e-10)


def test_dropout_acts_only_while_training():
    graph, _, _ = items()
    model = random_model(GAT, graph, GATSettings(input_dropout=0.0))
    inputs = model.prepare(graph, torch.arange(10))
    assert torch.equal(model(inputs), model(inputs))
    model.train()
    assert not torch.equal(model(inputs), model(inputs))
