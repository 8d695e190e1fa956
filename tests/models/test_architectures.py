"""Each architecture against its equation."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import gelu
from torch_geometric.nn import HGTConv, SGConv

from models.hgt import WeightedHGTConv
from models.mlp import MLP, MLPSettings
from models.propagation.metapaths import path_features
from models.propagation.sparse import edge_weights
from models.propagation.union import UnionOperator
from models.schema import GraphSchema
from models.seeding import seeded
from models.sgc import SGC, SGCSettings
from tests.support.dense import assert_near, multiplicities
from tests.support.graphs import small_graph
from tests.support.homogeneous import items, random_model

pytestmark = pytest.mark.usefixtures("double")
WIDTH, HEADS = 8, 2


def attention(conv_class, graph):
    """A layer of `conv_class` with random parameters, and random inputs for every type."""
    metadata = (graph.node_types, graph.edge_types)
    with seeded(3):
        conv = conv_class(WIDTH, WIDTH, metadata, HEADS)
        for parameter in conv.parameters():
            parameter.data.normal_()
        x = {t: torch.randn(graph[t].num_nodes, WIDTH) for t in graph.node_types}
    edges = {r: graph[r].edge_index for r in graph.edge_types}
    return conv.eval(), x, edges, {r: edge_weights(graph, r) for r in graph.edge_types}


def by_equation(conv, x, graph):
    """HGT's attention, node by node over all relations at once, w e^g / Σ w e^g."""
    kqv = conv.kqv_lin(x)
    depth, relations = WIDTH // HEADS, graph.edge_types
    found = {}
    for node_type in {r[2] for r in relations}:
        rows = []
        for i in range(graph[node_type].num_nodes):
            heads = []
            for h in range(HEADS):
                part = slice(h * depth, (h + 1) * depth)
                total, norm = torch.zeros(depth), torch.zeros(())
                query = kqv[node_type][i, WIDTH : 2 * WIDTH][part]
                for number, relation in enumerate(relations):
                    if relation[2] != node_type:
                        continue
                    key_map = conv.k_rel.weight[h * len(relations) + number]
                    value_map = conv.v_rel.weight[h * len(relations) + number]
                    prior = conv.p_rel["__".join(relation)][0, h]
                    counts = multiplicities(graph, relation)[i]
                    for j in counts.nonzero().flatten().tolist():
                        source = kqv[relation[0]][j]
                        key = source[:WIDTH][part] @ key_map
                        value = source[2 * WIDTH :][part] @ value_map
                        strength = counts[j] * (query @ key * prior / math.sqrt(depth)).exp()
                        total, norm = total + strength * value, norm + strength
                heads.append(total / norm if norm.item() > 0 else total)
            rows.append(torch.cat(heads))
        moved = conv.out_lin({node_type: gelu(torch.stack(rows))})[node_type]
        gate = conv.skip[node_type].sigmoid()
        found[node_type] = gate * moved + (1 - gate) * x[node_type]
    return found


@pytest.mark.parametrize("weighted", [False, True])
def test_hgt_layer_is_its_equation(weighted):
    graph = small_graph(num_target=12, weighted=weighted, dtype=torch.float64)
    conv, x, edges, weights = attention(WeightedHGTConv, graph)
    got, expected = conv(x, edges, weights), by_equation(conv, x, graph)
    assert set(got) == set(expected) == set(graph.node_types)
    for node_type in expected:
        assert_near(got[node_type], expected[node_type], 1e-9)


def test_hgt_layer_without_weights_is_pygs():
    graph = small_graph(dtype=torch.float64)
    conv, x, edges, weights = attention(WeightedHGTConv, graph)
    reference, *_ = attention(HGTConv, graph)
    reference.load_state_dict(conv.state_dict())
    got, expected = conv(x, edges, weights), reference(x, edges)
    for node_type in graph.node_types:
        assert_near(got[node_type], expected[node_type], 1e-12)


def test_type_that_receives_nothing_keeps_its_embedding():
    graph = small_graph(dtype=torch.float64)
    for name in ("directed_by", "features"):
        other = "director" if name == "directed_by" else "actor"
        del graph["movie", name, other]
    conv, x, edges, weights = attention(WeightedHGTConv, graph)
    got = conv(x, edges, weights)
    assert torch.equal(got["actor"], x["actor"])
    assert torch.equal(got["director"], x["director"])
    assert not torch.equal(got["movie"], x["movie"])


def test_sgc_is_one_linear_layer_on_all_meta_paths():
    graph = small_graph(weighted=True, dtype=torch.float64)
    schema = GraphSchema.of(graph)
    model = SGC(schema, SGCSettings()).eval()
    with seeded(0):
        for parameter in model.parameters():
            parameter.data.normal_()
    z = torch.cat(list(path_features(graph, schema, 2).values()), dim=1)
    expected = z @ torch.cat(list(model.weight)) + model.bias
    assert_near(model(model.prepare(graph, torch.arange(40))).detach(), expected.detach(), 1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("steps", [1, 3])
def test_sgc_with_steps_is_pygs(steps, weighted):
    graph, edges, weight = items(weighted)
    model = random_model(SGC, graph, SGCSettings(steps=steps))
    conv = SGConv(4, 3, steps)
    conv.lin.weight.data, conv.lin.bias.data = model.weight[0].data.T, model.bias.data
    expected, rows = conv(graph["item"].x_text, edges, weight), torch.tensor([9, 0, 4])
    assert_near(model(model.prepare(graph, rows)).detach(), expected[rows].detach(), 1e-12)


def test_sgc_with_steps_reads_the_targets_own_modalities():
    graph = small_graph(weighted=True, dtype=torch.float64)
    model = random_model(SGC, graph, SGCSettings(steps=2))
    assert not model.by_rows
    s = UnionOperator(graph, GraphSchema.of(graph), 2, torch.device("cpu")) @ torch.eye(40)
    movie = graph["movie"]
    image = movie.x_image.masked_fill(~movie.has_image[:, None], 0)
    expected = s @ s @ (movie.x_text @ model.weight[0] + image @ model.weight[1]) + model.bias
    assert_near(model(model.prepare(graph, torch.arange(40))).detach(), expected.detach(), 1e-12)


def test_mlp_is_two_layers_on_the_nodes_own_features():
    graph = small_graph(dtype=torch.float64)
    with seeded(0):
        model = MLP(GraphSchema.of(graph), MLPSettings(hidden=6)).eval()
    movie, head = graph["movie"], model.head
    image = movie.x_image.masked_fill(~movie.has_image[:, None], 0)
    hidden = (
        movie.x_text @ model.fusion.weight["movie:text"].T
        + image @ model.fusion.weight["movie:image"].T
        + (~movie.has_image)[:, None] * model.fusion.missing["movie:image"]
        + model.fusion.bias["movie:"]
    )
    expected = hidden.clamp_min(0) @ head.weight.T + head.bias
    assert_near(model(model.prepare(graph, torch.arange(40))).detach(), expected.detach(), 1e-12)
