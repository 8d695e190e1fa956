"""Positive pairs by hand and against a dense count of connections."""

from __future__ import annotations

import pytest
import torch

from models.hetcrf.kmeans import Clusters
from models.hetcrf.metapath_graph import metapath_graphs
from models.hetcrf.positives import connected, deviated, pattern_of
from models.schema import GraphSchema
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")
CPU = torch.device("cpu")


@pytest.mark.parametrize("count", [0, 1, 3, 100])
def test_the_most_strongly_joined_are_positive(count):
    graph = small_graph(weighted=True, dtype=torch.float64)
    graphs = metapath_graphs(graph, GraphSchema.of(graph), 2, 100, CPU)
    total = sum(g.pattern.matrix(g.weight).to_dense() for g in graphs).fill_diagonal_(0)
    pairs = connected(graphs, count)
    for i in range(40):
        mine = pairs[1, pairs[0] == i]
        joined = total[i] > 0
        assert len(mine) == min(count, int(joined.sum()))
        others = torch.ones(40, dtype=torch.bool)
        others[mine] = False
        if len(mine) and count < int(joined.sum()):
            assert total[i, mine].min() >= total[i, others].max() - 1e-5 * total[i].max()


def test_deviated_nodes_get_the_most_central_ones():
    label = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    distance = torch.tensor([4.0, 1.0, 2.0, 3.0, 0.5, 0.1, 0.2, 0.9])
    clusters = Clusters(label, distance, torch.zeros(3, 2))  # The third has no member.
    pairs = deviated(clusters, 0.5, 2)
    expected = {(0, 1), (0, 2), (3, 1), (3, 2), (7, 5), (7, 6), (4, 5), (4, 6)}
    assert {tuple(pair) for pair in pairs.T.tolist()} == expected
    assert pairs.size(1) == len(expected)
    assert deviated(clusters, 0.0, 2).shape == (2, 0)


def test_every_node_is_its_own_positive_and_no_pair_stands_twice():
    pairs = torch.tensor([[2, 0, 2], [1, 1, 1]])
    found = pattern_of([pairs, pairs], 3)
    listed = list(zip(found.rows.tolist(), found.columns.tolist(), strict=True))
    assert listed == [(0, 0), (0, 1), (1, 1), (2, 1), (2, 2)]
