"""Personalised PageRank against networkx, a dense solution and walks that nobody reads on."""

from __future__ import annotations

import networkx as nx
import pytest
import torch

from condense.data.features import complete
from condense.data.graph import MultimodalGraph
from condense.selection.pagerank import Readers, pagerank
from models.propagation.union import UnionAdjacency
from models.schema import GraphSchema
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union


def graph_of(edges: torch.Tensor, count: int) -> MultimodalGraph:
    """Items, edges from row 0 (read) to row 1 (reading)."""
    graph = MultimodalGraph()
    graph["item"].num_nodes = count
    graph["item"].x_text = torch.zeros(count, 1)
    graph["item", "links", "item"].edge_index = edges
    graph.target, graph.num_classes = "item", 2
    return graph


def random_edges(seed: int, count: int, both_ways: bool) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    joined = (torch.rand(count, count, generator=rng) < 0.15).triu(1)
    joined = joined | joined.T if both_ways else joined | (joined.T.roll(1, 0))
    return joined.fill_diagonal_(False).nonzero().T.contiguous()


def union(graph: MultimodalGraph, hops: int = 1) -> UnionAdjacency:
    return UnionAdjacency.of(graph, GraphSchema.of(graph), hops)


def column(graph: MultimodalGraph) -> torch.Tensor:
    return torch.zeros(int(graph[graph.target].num_nodes), 1)


@pytest.mark.parametrize("both_ways", [True, False])
@pytest.mark.parametrize("restart", [0.15, 0.6])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_networkx(both_ways, restart, seed):
    edges = random_edges(seed, 30, both_ways)
    graph, inside = graph_of(edges, 30), torch.arange(30) % 4 > 0
    roots = torch.tensor([1, 5, 22])
    whole = nx.DiGraph()
    whole.add_nodes_from(range(30))
    whole.add_edges_from(edges.flip(0).T.tolist())  # From the one that reads.
    within = whole.subgraph(inside.nonzero().flatten().tolist())
    expected = nx.pagerank(
        within, 1 - restart, {int(r): 1 for r in roots}, tol=1e-12, max_iter=1000
    )
    adjacency = union(graph)
    scores = pagerank(adjacency, Readers(adjacency, column(graph)), inside, roots, restart)
    assert not scores[~inside].any()
    assert float(scores.sum()) == pytest.approx(1)
    for node, score in expected.items():
        assert float(scores[node]) == pytest.approx(score, abs=2e-6)


def test_meta_paths_are_walked_like_their_dense_union():
    graph = complete(small_graph(num_target=24, weighted=True))
    adjacency = union(graph, 2)
    dense = dense_union(graph, adjacency.paths)
    inside, roots = torch.arange(24) < 20, torch.tensor([2, 11])
    a = dense[:20, :20]
    start = torch.zeros(20)
    start[roots] = 0.5
    walk = (a / a.sum(dim=1, keepdim=True)).T
    expected = torch.linalg.solve(torch.eye(20) - 0.85 * walk, 0.15 * start)
    readers = Readers(adjacency, column(graph))
    scores = pagerank(adjacency, readers, inside, roots, 0.15)
    torch.testing.assert_close(scores[:20], expected, atol=2e-6, rtol=0)
    v = torch.arange(24.0).unsqueeze(1)
    torch.testing.assert_close(readers @ v, dense.T @ v)


def test_a_root_that_reads_nobody_keeps_all():
    graph = graph_of(torch.tensor([[0, 1], [1, 2]]), 4)
    adjacency = union(graph)
    readers = Readers(adjacency, column(graph))
    scores = pagerank(adjacency, readers, torch.ones(4, dtype=torch.bool), torch.tensor([3]), 0.15)
    assert scores.tolist() == pytest.approx([0, 0, 0, 1])


def test_trees_reach_what_is_read_in_so_many_hops():
    # 0 is read by 1, 1 by 2 and 3 by 0.
    graph = graph_of(torch.tensor([[0, 1, 3], [1, 2, 0]]), 5)
    readers = Readers(union(graph), column(graph))
    reached = [readers.reached(torch.tensor([2]), hops).nonzero().flatten() for hops in (1, 2, 3)]
    assert [nodes.tolist() for nodes in reached] == [[1, 2], [0, 1, 2], [0, 1, 2, 3]]


def test_a_graph_without_edges_has_trees_of_one_node():
    graph = graph_of(torch.zeros(2, 0, dtype=torch.long), 3)
    readers = Readers(UnionAdjacency((), {}, {}), column(graph))
    assert readers.reached(torch.tensor([1]), 2).tolist() == [False, True, False]
