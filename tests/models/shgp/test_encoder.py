"""Att-HGNN node by node, out of its equations, and what each layer reads."""

from __future__ import annotations

import math

import pytest
import torch

from models.schema import GraphSchema
from models.seeding import seeded
from models.shgp.encoder import GAIN, Encoder, RelationAttention, linear
from models.shgp.settings import SHGPSettings
from models.shgp.structure import structure_of
from tests.models.test_gcn import one_type
from tests.support.dense import assert_near, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
SMALL = SHGPSettings(hidden=5, attention=3)


def random(module):
    with seeded(3):
        for parameter in module.parameters():
            parameter.data.normal_(std=0.6)
    return module.eval()


def by_hand(layer, x, graph):
    """(h, a) of every node, neighbour by neighbour."""
    node_type = layer.node_type
    counts = {r: multiplicities(graph, r) for r in layer.relations}
    embeddings, shares = [], []
    for i in range(graph[node_type].num_nodes):
        parts = [layer.own.weight @ x[node_type][i]]
        for relation, map_of in zip(layer.relations, layer.maps, strict=True):
            row, source = counts[relation][i], x[relation[0]]
            mean = torch.zeros(len(parts[0]))
            for j in row.nonzero().flatten().tolist():
                mean = mean + row[j] / row.sum() * (map_of.weight @ source[j])
            parts.append(mean)
        query, strength = layer.query.weight @ parts[0], []
        for z in parts:
            e = float(layer.score.weight[0] @ torch.cat([layer.key.weight @ z, query]))
            strength.append(math.exp(e if e > 0 else math.exp(e) - 1))
        share = torch.tensor(strength) / sum(strength)
        embeddings.append(sum(a * z for a, z in zip(share, parts, strict=True)) + layer.bias)
        shares.append(share)
    return torch.stack(embeddings), torch.stack(shares)


@torch.no_grad()
@pytest.mark.parametrize("node_type", ["movie", "director", "actor"])
def test_a_layer_is_its_equations(node_type):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    schema = GraphSchema.of(graph)
    x = {t: torch.randn(graph[t].num_nodes, 5) for t in graph.node_types}
    relations = [r for r in graph.edge_types if r[2] == node_type]
    layer = random(RelationAttention(node_type, relations, 5, 3, 0.5))
    got, expected = layer(x, structure_of(graph, schema)), by_hand(layer, x, graph)
    assert_near(got[0], expected[0], 1e-12)
    assert_near(got[1], expected[1], 1e-12)


@torch.no_grad()
def test_several_relations_between_the_same_types_have_an_entry_each():
    graph = one_type(relations=3)
    x = {"item": torch.randn(10, 5)}
    layer = random(RelationAttention("item", graph.edge_types, 5, 3, 0.5))
    got, share = layer(x, structure_of(graph, GraphSchema.of(graph)))
    assert share.shape == (10, 4)
    expected = by_hand(layer, x, graph)
    assert_near(got, expected[0], 1e-12)
    assert_near(share, expected[1], 1e-12)


@torch.no_grad()
def test_a_node_without_neighbours_has_its_own_part_and_zeros():
    graph = one_type(relations=2)
    x = {"item": torch.randn(10, 5)}
    layer = random(RelationAttention("item", graph.edge_types, 5, 3, 0.5))
    got, share = layer(x, structure_of(graph, GraphSchema.of(graph)))
    own = layer.own.weight @ x["item"][9]
    assert_near(got[9], share[9, 0] * own + layer.bias, 1e-12)
    lone = random(RelationAttention("item", (), 5, 3, 0.5))
    got, share = lone(x, structure_of(graph, GraphSchema.of(graph)))
    assert torch.equal(share, torch.ones(10, 1))
    assert_near(got, x["item"] @ lone.own.weight.T + lone.bias, 1e-12)


@torch.no_grad()
def test_layers_follow_each_other_after_the_fusion():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    schema = GraphSchema.of(graph)
    encoder = random(Encoder(schema, SMALL))
    movie, director = graph["movie"], graph["director"]
    fusion, lacks = encoder.fusion, ~movie.has_image[:, None]
    x = {
        "movie": movie.x_text @ fusion.weight["movie:text"].T
        + movie.x_image.masked_fill(lacks, 0) @ fusion.weight["movie:image"].T
        + lacks * fusion.missing["movie:image"]
        + fusion.bias["movie:"],
        "director": director.x_text @ fusion.weight["director:text"].T + fusion.bias["director:"],
        "actor": fusion.bias["actor:"].expand(6, 5),
    }
    first, second = encoder.layers
    found = {t: by_hand(first[f"{t}:"], x, graph) for t in x}
    h = {t: torch.nn.functional.elu(value) for t, (value, _) in found.items()}
    last = {t: by_hand(second[f"{t}:"], h, graph) for t in x}
    features = {
        "movie": {
            "text": (movie.x_text, torch.ones(12, dtype=torch.bool)),
            "image": (movie.x_image.masked_fill(lacks, 0), movie.has_image),
        },
        "director": {"text": (director.x_text, torch.ones(3, dtype=torch.bool))},
        "actor": {},
    }
    got = encoder(features, structure_of(graph, schema))
    assert_near(got.embedding, last["movie"][0], 1e-12)
    for layer, expected in zip(got.attention, (found, last), strict=True):
        for node_type, (_, share) in expected.items():
            assert_near(layer[node_type], share, 1e-12)


def test_maps_start_as_xaviers_of_the_authors_gain():
    with seeded(0):
        made = linear(30, 70).weight
    bound = GAIN * (6 / (30 + 70)) ** 0.5
    assert 0.98 * bound < float(made.detach().abs().max()) <= bound
    assert float(made.detach().var()) == pytest.approx(bound**2 / 3, rel=0.1)


def test_dropout_is_for_training_alone():
    graph = small_graph(num_target=12, dtype=torch.float64)
    encoder = random(Encoder(GraphSchema.of(graph), SMALL))
    structure = structure_of(graph, GraphSchema.of(graph))
    features = {t: {} for t in graph.node_types}
    still = [encoder(features, structure).embedding.detach() for _ in range(2)]
    assert torch.equal(*still)
    encoder.train()
    with seeded(0):
        moving = [encoder(features, structure) for _ in range(2)]
    for layer in (0, 1):
        assert not torch.allclose(*(one.attention[layer]["movie"] for one in moving))
