"""The union's edges against dense products, cut and uncut, in one block and in many."""

from __future__ import annotations

import pytest
import torch

import models.propagation.metapath_product
from models.propagation.metapaths import returning_paths
from models.propagation.union import UnionOperator
from models.propagation.union_edges import union_edges
from models.schema import GraphSchema
from tests.models.test_gcn import bibliography
from tests.support.dense import assert_near
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union, items

pytestmark = pytest.mark.usefixtures("double")
CPU = torch.device("cpu")


def spread(graph, hops=4, neighbours=1000):
    """I + A [n, n] out of the edges, each pair at most once."""
    count = graph[graph.target].num_nodes
    edges = union_edges(graph, GraphSchema.of(graph), hops, neighbours, CPU)
    pairs = edges.destination * count + edges.source
    assert len(pairs.unique()) == len(pairs)
    assert bool((edges.weight > 0).all())
    found = torch.zeros(count, count)
    return found.index_put((edges.destination, edges.source), edges.weight)


def dense(graph, hops=4):
    paths = returning_paths(graph.edge_types, graph.target, hops)
    return torch.eye(graph[graph.target].num_nodes) + dense_union(graph, paths)


@pytest.mark.parametrize("block", [2**22, 30, 1])
@pytest.mark.parametrize("hops", [2, 3, 4])
def test_uncut_they_are_the_entries_of_the_union(monkeypatch, block, hops):
    monkeypatch.setattr(models.propagation.metapath_product, "BLOCK", block)
    films = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    for graph in (films, bibliography(), items(weighted=True)[0]):
        assert_near(spread(graph, hops), dense(graph, hops), 1e-13)


def test_normalised_they_are_gcns_operator():
    graph = bibliography()
    found = spread(graph)
    scale = found.sum(dim=1) ** -0.5
    operator = UnionOperator(graph, GraphSchema.of(graph), 4, CPU) @ torch.eye(len(found))
    assert_near(scale[:, None] * found * scale, operator, 1e-13)


@pytest.mark.parametrize("block", [2**22, 30])
@pytest.mark.parametrize("neighbours", [1, 3, 5])
def test_the_strongest_stay_and_carry_the_weight_of_all(monkeypatch, neighbours, block):
    monkeypatch.setattr(models.propagation.metapath_product, "BLOCK", block)
    graph = small_graph(num_target=24, weighted=True, dtype=torch.float64)
    found, whole = spread(graph, neighbours=neighbours), dense(graph)
    assert_near(found.diagonal(), whole.diagonal(), 1e-13)
    assert_near(found.sum(dim=1), whole.sum(dim=1), 1e-13)
    cut = 0
    for i in range(24):
        row = whole[i].clone()
        row[i] = 0
        order = row.argsort(descending=True, stable=True)
        keep = order[:neighbours][row[order[:neighbours]] > 0]
        expected = torch.zeros(24).index_put((keep,), row[keep])
        expected *= row.sum() / expected.sum()
        expected[i] = whole[i, i]
        assert_near(found[i], expected, 1e-12)
        cut += int((row > 0).sum()) > neighbours
    assert cut > 0


def test_without_edges_or_paths_only_loops_remain():
    graph, _, _ = items()
    graph["item", "links", "item"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    assert torch.equal(spread(graph), torch.eye(10))
    assert torch.equal(spread(small_graph(num_target=12), hops=1), torch.eye(12))
