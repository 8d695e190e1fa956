"""HAN's attentions node by node, and against PyG's GATConv on one unweighted meta-path."""

from __future__ import annotations

import math

import pytest
import torch
from torch_geometric.nn import GATConv

from models.hetcrf.encoder import HANLayer, NodeAttention, StackedHAN
from models.hetcrf.metapath_graph import metapath_graphs
from models.hetcrf.pattern import Pattern, WeightedPattern
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH, HEADS = 6, 2


def make_graphs(weighted=True):
    graph = small_graph(num_target=12, weighted=weighted, dtype=torch.float64)
    return metapath_graphs(graph, GraphSchema.of(graph), 4, 50, torch.device("cpu"))


def random(module):
    with seeded(3):
        for parameter in module.parameters():
            parameter.data.normal_(std=0.6)
    return module


def embeddings(n=12):
    return torch.randn(n, WIDTH, generator=torch.Generator().manual_seed(1))


def by_hand(layer, h, graph):
    """z^p, node by node and neighbour by neighbour."""
    dense = graph.pattern.matrix(graph.weight).to_dense()
    depth, found = WIDTH // HEADS, []
    for i in range(len(h)):
        heads = []
        for head in range(HEADS):
            part = slice(head * depth, (head + 1) * depth)
            x = h @ layer.map.weight[part].T
            a, b = layer.ends[:, head]
            near = dense[i].nonzero().flatten().tolist()
            logit = [float(a @ x[i] + b @ x[j]) for j in near]
            strength = [
                float(dense[i, j]) * math.exp(e if e > 0 else 0.2 * e)
                for j, e in zip(near, logit, strict=True)
            ]
            heads.append(sum(s * x[j] for s, j in zip(strength, near, strict=True)) / sum(strength))
        found.append(torch.nn.functional.elu(torch.cat(heads) + layer.bias))
    return torch.stack(found)


@torch.no_grad()
def test_node_attention_is_its_equation():
    layer, h = random(NodeAttention(WIDTH, HEADS)), embeddings()
    for graph in make_graphs():
        assert_near(layer(h, graph), by_hand(layer, h, graph), 1e-12)


def test_with_unit_weights_it_is_pygs_gat_and_so_are_its_gradients():
    rng = torch.Generator().manual_seed(0)
    rows, columns = (torch.rand(9, 9, generator=rng) < 0.4).fill_diagonal_(True).nonzero().T
    pattern = Pattern(rows, columns, (9, 9))
    graph = WeightedPattern(pattern, torch.ones(len(rows)))
    layer = random(NodeAttention(WIDTH, HEADS))
    gat = GATConv(WIDTH, WIDTH // HEADS, HEADS, add_self_loops=False)
    gat.lin.weight.data, gat.bias.data = layer.map.weight.data, layer.bias.data
    gat.att_dst.data, gat.att_src.data = (x.unsqueeze(0) for x in layer.ends.data)
    h, to = embeddings(9), torch.randn(9, WIDTH, generator=rng)
    got, expected = layer(h, graph), torch.nn.functional.elu(gat(h, pattern.edge_index()))
    assert_near(got.detach(), expected.detach(), 1e-12)
    (got * to).sum().backward()
    (expected * to).sum().backward()
    assert_near(layer.map.weight.grad, gat.lin.weight.grad, 1e-11)
    assert_near(layer.ends.grad[0], gat.att_dst.grad[0], 1e-11)
    assert_near(layer.ends.grad[1], gat.att_src.grad[0], 1e-11)


@torch.no_grad()
def test_semantic_attention_is_its_equation():
    graphs, h = make_graphs(), embeddings()
    layer = random(HANLayer(WIDTH, HEADS, len(graphs)))
    encoded = layer(h, graphs)
    by_path = [node(h, g) for node, g in zip(layer.paths, graphs, strict=True)]
    query, linear = layer.semantic.query.weight[0], layer.semantic.map
    scores = []
    for z in by_path:
        each = [query @ torch.tanh(linear.weight @ row + linear.bias) for row in z]
        scores.append(sum(each) / len(each))
    share = torch.stack(scores).exp()
    share = share / share.sum()
    assert_near(encoded.share, share, 1e-12)
    expected = sum(b * z for b, z in zip(share, by_path, strict=True))
    assert_near(encoded.fused, expected, 1e-12)


@torch.no_grad()
def test_layers_read_the_fused_embeddings_before():
    graphs, h = make_graphs(), embeddings()
    han = random(StackedHAN(WIDTH, HEADS, len(graphs), 2, 0.5)).eval()
    first, second = han.layers
    assert torch.equal(han(h, graphs).fused, second(first(h, graphs).fused, graphs).fused)
