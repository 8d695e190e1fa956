"""Averaging adjacencies against dense ones."""

from __future__ import annotations

import pytest
import torch

from models.sparse import edge_weights, mean_adjacency
from tests.dense import averaging, multiplicities
from tests.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [None, [3, 0, 7], []])
def test_it_is_the_dense_average(weighted, rows):
    graph = small_graph(weighted=weighted, dtype=torch.float64)
    graph["actor"].num_nodes += 2  # Two actors without films.
    for relation in graph.edge_types:
        pick = None if rows is None else torch.tensor(rows, dtype=torch.long)
        expected = averaging(multiplicities(graph, relation))
        expected = expected if pick is None else expected[pick]
        got = mean_adjacency(graph, relation, pick).to_dense()
        assert got.shape == expected.shape
        assert torch.allclose(got, expected, rtol=1e-14, atol=0)


def test_repeated_edges_add_up_and_equal_their_weight():
    graph = small_graph(weighted=True, dtype=torch.float64)
    relation = ("movie", "features", "actor")
    weighted = mean_adjacency(graph, relation).to_dense()
    store = graph[relation]
    store.edge_index = store.edge_index.repeat_interleave(store.edge_weight.long(), dim=1)
    del store.edge_weight
    assert store.edge_index.size(1) > weighted.count_nonzero()
    assert torch.allclose(mean_adjacency(graph, relation).to_dense(), weighted, rtol=1e-14)


def test_no_edges():
    graph = small_graph()
    graph["movie", "features", "actor"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    found = mean_adjacency(graph, ("movie", "features", "actor"))
    assert found.shape == (20, 40)
    assert not found.to_dense().any()


def test_weights_are_read_in_the_default_type():
    graph = small_graph(weighted=True, dtype=torch.float16)
    for relation in graph.edge_types:
        assert edge_weights(graph, relation).dtype == torch.float64
