"""RGCN against PyG's layer, edge weights as parallel edges, and edges dropped from relations."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import RGCNConv

from models.hetcrf.pattern import WeightedPattern
from models.hetcrf.relational import PatternHGT, RGCNEncoder
from models.hetcrf.structure import dropped, relations_of
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import assert_near, averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
WIDTH = 4


def embeddings(graph):
    rng = torch.Generator().manual_seed(1)
    return {t: torch.randn(graph[t].num_nodes, WIDTH, generator=rng) for t in graph.node_types}


@torch.no_grad()
def test_rgcn_with_unit_weights_is_pygs():
    graph = small_graph(num_target=12, dtype=torch.float64)
    schema, h = GraphSchema.of(graph), embeddings(graph)
    with seeded(0):
        model = RGCNEncoder(schema, WIDTH, 1, 0.0)
    conv = RGCNConv(WIDTH, WIDTH, len(schema.relations))
    conv.weight.copy_(torch.stack([m.weight.T for m in model.maps[0]]))
    conv.root.copy_(model.root[0].weight.T)
    conv.bias.copy_(model.root[0].bias)
    start, first = {}, 0
    for t, x in h.items():
        start[t], first = first, first + len(x)
    edges, kinds = [], []
    for number, relation in enumerate(schema.relations):
        src, dst = graph[relation].edge_index
        edges.append(torch.stack([src + start[relation[0]], dst + start[relation[2]]]))
        kinds.append(torch.full_like(src, number))
    expected = conv(torch.cat(list(h.values())), torch.cat(edges, dim=1), torch.cat(kinds))
    got = model(h, relations_of(graph, schema))
    assert_near(torch.cat(list(got.values())), torch.nn.functional.elu(expected), 1e-12)


def test_a_relations_mean_is_the_dense_one_and_zero_without_edges():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    graph["actor"].num_nodes += 1
    relations = relations_of(graph, GraphSchema.of(graph))
    for relation, edges in relations.items():
        x = torch.randn(graph[relation[0]].num_nodes, 3)
        expected = averaging(multiplicities(graph, relation)) @ x
        assert_near(edges.mean(x), expected, 1e-12)


@pytest.mark.parametrize("encoder", ["hgt", "rgcn"])
@torch.no_grad()
def test_a_weight_is_as_many_parallel_edges(encoder):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    schema, h = GraphSchema.of(graph), embeddings(graph)
    with seeded(0):
        model = (
            RGCNEncoder(schema, WIDTH, 2, 0.0)
            if encoder == "rgcn"
            else PatternHGT(schema, WIDTH, 2, 2, 0.0)
        )
    weighted = model(h, relations_of(graph, schema))
    for relation in graph.edge_types:
        store = graph[relation]
        if "edge_weight" in store:
            store.edge_index = store.edge_index.repeat_interleave(store.edge_weight.long(), dim=1)
            del store.edge_weight
    parallel = model(h, relations_of(graph, schema))
    for t, x in weighted.items():
        assert_near(parallel[t], x, 1e-12)


def test_dropped_edges_are_a_part_of_each_relation():
    graph = small_graph(weighted=True, dtype=torch.float64)
    whole = relations_of(graph, GraphSchema.of(graph))
    torch.manual_seed(0)
    part = dropped(whole, 0.5)
    assert isinstance(part, dict)
    for relation, edges in whole.items():
        kept: WeightedPattern = part[relation]
        mine = kept.pattern.matrix(kept.weight).to_dense()
        theirs = edges.pattern.matrix(edges.weight).to_dense()
        assert bool(((mine == theirs) | (mine == 0)).all())
        assert 0.2 < len(kept.weight) / len(edges.weight) < 0.8
