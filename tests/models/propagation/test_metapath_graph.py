"""Explicit meta-path graphs against dense products."""

from __future__ import annotations

import pytest
import torch

from models.propagation import metapath_product as module
from models.propagation.metapath_graph import metapath_graph
from models.propagation.metapaths import returning_paths
from models.propagation.union import UnionOperator
from models.schema import GraphSchema
from tests.models.test_gcn import AT, HOLDS, WRITES, WRITTEN, bibliography, one_type
from tests.support.dense import assert_near, averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
ALL = 10**6


def as_matrix(found, count):
    """Dense [destination, source]; no pair may stand twice."""
    assert len(torch.unique(found.index, dim=1).T) == found.weight.numel()
    dense = torch.zeros(count, count)
    dense[found.index[1], found.index[0]] = found.weight
    return dense


def by_products(graph, path):
    joined = multiplicities(graph, path[0])
    for relation in path[1:]:
        joined = joined @ averaging(multiplicities(graph, relation))
    return joined


@pytest.mark.parametrize("block", [1, 25, 2**20])
def test_weights_are_dense_products(monkeypatch, block):
    monkeypatch.setattr(module, "BLOCK", block)
    graphs = [
        small_graph(num_target=12, weighted=True, dtype=torch.float64),
        bibliography(),
        one_type(relations=2),
    ]
    for graph in graphs:
        count = graph[graph.target].num_nodes
        paths = returning_paths(graph.edge_types, graph.target, 4)
        assert len(paths) == 2
        for path in paths:
            found = as_matrix(metapath_graph(graph, path, ALL), count)
            assert_near(found, by_products(graph, path), 1e-13)


def test_all_paths_and_self_loops_make_the_union_operator():
    graph = bibliography()
    schema = GraphSchema.of(graph)
    union = UnionOperator(graph, schema, 4, torch.device("cpu"))
    total = torch.eye(6)
    for path in union.adjacency.paths:
        total = total + as_matrix(metapath_graph(graph, path, ALL), 6)
    scale = total.sum(dim=1).rsqrt()
    assert_near(scale[:, None] * total * scale, union @ torch.eye(6), 1e-13)


@pytest.mark.parametrize("block", [1, 2**20])
@pytest.mark.parametrize("bound", [1, 3])
def test_a_node_keeps_its_strongest_neighbours(monkeypatch, bound, block):
    monkeypatch.setattr(module, "BLOCK", block)
    graph = one_type()
    (path,) = returning_paths(graph.edge_types, "item", 1)
    dense = by_products(graph, path)
    expected = torch.zeros_like(dense)
    for i, row in enumerate(dense):
        keep = row.argsort(descending=True)[:bound]
        expected[i, keep] = row[keep]
    assert bool((expected.count_nonzero(dim=1) < dense.count_nonzero(dim=1)).any())
    assert_near(as_matrix(metapath_graph(graph, path, bound), 10), expected, 1e-14)


def test_of_equal_weights_the_lower_columns_stay():
    graph = one_type(weighted=False)
    graph["item", "r0", "item"].edge_index = torch.tensor([[7, 2, 5, 8], [0, 0, 0, 1]])
    found = metapath_graph(graph, (("item", "r0", "item"),), 2)
    assert found.index.tolist() == [[2, 5, 8], [0, 0, 1]]


def test_a_relation_without_edges_joins_nobody():
    graph = bibliography()
    for relation in (AT, HOLDS):
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    through = metapath_graph(graph, (WRITTEN, HOLDS, AT, WRITES), ALL)
    assert through.index.shape == (2, 0)
    assert through.weight.shape == (0,)
    assert metapath_graph(graph, (WRITTEN, WRITES), ALL).weight.numel() > 0
