"""MMGCN against dense matrices over the nodes of all types, and against PyG's mean."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import leaky_relu
from torch_geometric.nn import SimpleConv

from models.mmgcn import MMGCN, MMGCNSettings
from models.propagation.merged import MERGED, merge
from models.propagation.sparse import mean_adjacency
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near, averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def make_model(graph, **settings):
    with seeded(0):
        model = MMGCN(GraphSchema.of(graph), MMGCNSettings(hidden=5, **settings))
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def sizes_of(graph):
    return {t: graph[t].num_nodes for t in graph.node_types}


def dense_mean(graph):
    """[n, n] over the nodes of all types."""
    sizes = sizes_of(graph)
    blocks = {(a, b): torch.zeros(sizes[a], sizes[b]) for a in sizes for b in sizes}
    for relation in graph.edge_types:
        blocks[relation[2], relation[0]] += multiplicities(graph, relation)
    return averaging(torch.cat([torch.cat([blocks[a, b] for b in sizes], dim=1) for a in sizes]))


def by_equations(model, graph):
    average, found = dense_mean(graph), []
    for modality in ("text", "image"):
        encoder = model.encoder.copies[f"{modality}:"]
        x = []
        for node_type in graph.node_types:
            store = graph[node_type]
            h = encoder.fusion.bias[f"{node_type}:"].expand(store.num_nodes, 5)
            if f"x_{modality}" in store:
                key = f"{node_type}:{modality}"
                has = store.get(f"has_{modality}", torch.ones(store.num_nodes).bool())[:, None]
                own = store[f"x_{modality}"].masked_fill(~has, 0) @ encoder.fusion.weight[key].T
                h = h + torch.where(has, own, encoder.fusion.missing[key])
            x.append(h)
        x = torch.cat(x)
        for layer in encoder.layers:
            h = leaky_relu(average @ x @ layer.neighbours.weight.T)
            own = leaky_relu(x @ layer.own.weight.T + layer.own.bias)
            both = torch.cat([h, own], dim=1)
            x = leaky_relu(both @ layer.both.weight.T + layer.both.bias)
        found.append(x[: graph["movie"].num_nodes])
    return (found[0] + found[1]) / 2 @ model.head.weight.T + model.head.bias


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_logits_are_those_of_dense_matrices(layers):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph, layers=layers), torch.tensor([11, 4, 0])
    got = model(model.prepare(graph, rows))
    assert_near(got.detach(), by_equations(model, graph)[rows].detach(), 1e-12)


def test_neighbours_are_averaged_as_pyg_does():
    graph = small_graph(dtype=torch.float64)
    merged, _ = merge(graph, GraphSchema.of(graph), sizes_of(graph), torch.device("cpu"))
    x = torch.randn(70, 3)
    edges = graph.to_homogeneous(node_attrs=[]).edge_index
    expected = SimpleConv(aggr="mean")(x, edges)
    assert_near(mean_adjacency(merged, MERGED) @ x, expected, 1e-13)


def test_rows_are_those_of_the_target_type_wherever_it_stands():
    graph = small_graph(dtype=torch.float64)
    schema = GraphSchema.of(graph)
    _, start = merge(graph, schema, sizes_of(graph), torch.device("cpu"))
    assert start == {"movie": 0, "director": 40, "actor": 50}


def test_an_empty_relation_and_none_at_all():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model, rows = make_model(graph), torch.arange(12)
    for relation in list(graph.edge_types):
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
        if "edge_weight" in graph[relation]:
            graph[relation].edge_weight = torch.zeros(0)
        got = model(model.prepare(graph, rows))
        assert_near(got.detach(), by_equations(model, graph).detach(), 1e-12)
