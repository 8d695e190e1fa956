"""HAN against PyG's layer on unit weights, and against dense matrices on weighted ones."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import elu, leaky_relu
from torch_geometric.nn import HANConv

from models.han import HAN, HANEncoder, HANSettings
from models.layers.attention import mixed
from models.propagation.metapath_graph import metapath_graph
from models.propagation.metapath_product import WeightedEdges
from models.propagation.metapaths import returning_paths
from models.schema import GraphSchema
from models.seeding import seeded
from tests.models.propagation.test_metapath_graph import as_matrix
from tests.models.test_gcn import one_type
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH, HEADS = 6, 2


def make_model(graph, **settings):
    with seeded(0):
        model = HAN(
            GraphSchema.of(graph), HANSettings(hidden=WIDTH, heads=HEADS, semantic=5, **settings)
        )
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def pygs_layer(graph):
    """PyG's layer and our encoder with the same random parameters, on unit weights."""
    relations = graph.edge_types
    settings = HANSettings(hidden=WIDTH, heads=HEADS, semantic=WIDTH)
    with seeded(1):
        conv = HANConv(4, WIDTH, (["item"], relations), heads=HEADS).eval()
        ours = HANEncoder(GraphSchema.of(graph), settings).eval()
        for parameter in conv.parameters():
            parameter.data.normal_()
    ours.project.weight["item:text"].data = conv.proj["item"].weight.data
    ours.project.bias["item:"].data = conv.proj["item"].bias.data
    for i, r in enumerate(relations):
        ours.source.data[i] = conv.lin_src["__".join(r)].data[0]
        ours.sink.data[i] = conv.lin_dst["__".join(r)].data[0]
    ours.semantic.map.load_state_dict(conv.k_lin.state_dict())
    ours.semantic.query.weight.data = conv.q.data
    return conv, ours


@pytest.mark.parametrize("relations", [1, 3])
def test_on_unit_weights_it_is_pygs_layer(relations):
    graph = one_type(relations=relations, weighted=False)
    conv, ours = pygs_layer(graph)
    edges = {r: graph[r].edge_index for r in graph.edge_types}
    expected = conv({"item": graph["item"].x_text}, edges)["item"]
    everyone = torch.ones(10, dtype=torch.bool)
    h = ours.project({"item": {"text": (graph["item"].x_text, everyone)}}, {"item": 10})["item"]
    z = [
        ours.node_level(h.unflatten(1, (HEADS, -1)), WeightedEdges(x, torch.ones(x.size(1))), i)
        for i, x in enumerate(edges.values())
    ]
    # PyG has relu where the paper's authors have elu.
    z = [x.relu() for x in z]
    assert_near(mixed(ours.semantic(z), z).detach(), expected.detach(), 1e-12)


def by_equations(model, graph):
    """HAN's logits by dense matrices [n, n]."""
    movie, encoder = graph["movie"], model.encoder
    lacks = ~movie.has_image[:, None]
    weight = encoder.project.weight
    h = (
        movie.x_text @ weight["movie:text"].T
        + movie.x_image.masked_fill(lacks, 0) @ weight["movie:image"].T
        + lacks * encoder.project.missing["movie:image"]
        + encoder.project.bias["movie:"]
    )
    count, depth = movie.num_nodes, WIDTH // HEADS
    embeddings, scores = [], []
    bound = model.settings.neighbours
    for i, path in enumerate(returning_paths(graph.edge_types, "movie", 4)):
        a = as_matrix(metapath_graph(graph, path, bound), count) + torch.eye(count)
        heads = []
        for k in range(HEADS):
            part = h[:, k * depth : (k + 1) * depth]
            g = (part @ encoder.sink[i, k])[:, None] + part @ encoder.source[i, k]
            strength = a * leaky_relu(g, 0.2).exp()
            heads.append(strength / strength.sum(dim=1, keepdim=True) @ part)
        embeddings.append(elu(torch.cat(heads, dim=1)))
        score = encoder.semantic.map(embeddings[-1]).tanh() @ encoder.semantic.query.weight[0]
        scores.append(score.mean())
    beta = torch.stack(scores).softmax(dim=0)
    z = sum(b * x for b, x in zip(beta, embeddings, strict=True))
    return z @ model.head.weight.T + model.head.bias


@pytest.mark.parametrize("neighbours", [1, 64])
def test_logits_are_those_of_dense_matrices(neighbours):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph, neighbours=neighbours), torch.tensor([11, 4, 0])
    got = model(model.prepare(graph, rows))
    assert_near(got.detach(), by_equations(model, graph)[rows].detach(), 1e-12)


def test_neighbours_are_bounded_and_oneself_is_among_them():
    graph = small_graph(num_target=40)
    for bound in (2, 64):
        _, _, paths, _ = make_model(graph, neighbours=bound).prepare(graph, torch.arange(3))
        for path in paths:
            degree = torch.bincount(path.index[1], minlength=40)
            assert int(degree.max()) <= bound + 1
            assert torch.equal(path.index[:, -40:], torch.arange(40).expand(2, -1))
    assert int(degree.max()) > 3


def test_a_node_without_edges_attends_to_itself():
    graph = one_type()
    model = make_model(graph)
    _, count, (path,), rows = model.prepare(graph, torch.tensor([9]))
    h = torch.randn(count, HEADS, WIDTH // HEADS)
    assert_near(model.encoder.node_level(h, path, 0)[rows].detach(), h[rows].flatten(1), 1e-14)


def test_a_graph_without_meta_paths_is_one_of_loops():
    graph = small_graph(dtype=torch.float64)
    for other, name in (("director", "directed_by"), ("actor", "features")):
        del graph["movie", name, other]
    model, rows = make_model(graph), torch.arange(40)
    before = model(model.prepare(graph, rows))
    _, _, paths, _ = model.prepare(graph, rows)
    assert [p.index.size(1) for p in paths] == [40]
    graph["actor", "rev_features", "movie"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    assert torch.equal(model(model.prepare(graph, rows)), before)


def test_an_empty_relation_leaves_the_other_meta_path():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    relation = ("actor", "rev_features", "movie")
    graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph[relation].edge_weight = torch.zeros(0)
    model, rows = make_model(graph), torch.arange(12)
    got = model(model.prepare(graph, rows))
    assert_near(got.detach(), by_equations(model, graph).detach(), 1e-12)
