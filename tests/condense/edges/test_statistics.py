"""Mass, density and effective edges against numbers found by hand, and the same from tensor and graph."""

from __future__ import annotations

import pytest
import torch

from condense.clustering.assembly import add_edges
from condense.data.graph import MultimodalGraph
from condense.edges.pair_matrix import PairMatrix
from condense.edges.statistics import density, edge_numbers, edge_numbers_of, effective_edges

R, Q = ("a", "r", "b"), ("b", "q", "a")


def test_effective_edges():
    assert effective_edges(torch.full((7,), 0.3)) == pytest.approx(7)
    # p = (1/2, 1/4, 1/4): entropy 1.5 ln 2.
    assert effective_edges(torch.tensor([2.0, 1.0, 1.0])) == pytest.approx(2**1.5)
    assert effective_edges(torch.tensor([1.0, 1e-9])) == pytest.approx(1)
    assert effective_edges(torch.zeros(0)) == 0


def test_of_all_relations_together():
    dense = {R: torch.tensor([[2.0, 0, 1], [0, 0, 1]]), Q: torch.zeros(3, 2)}
    weights = {r: PairMatrix.of(w) for r, w in dense.items()}
    expected = {"edge_mass": 4.0, "density": 3 / 12, "effective_edges": 2**1.5}
    assert edge_numbers(weights) == pytest.approx(expected)
    graph = MultimodalGraph()
    graph["a"].num_nodes, graph["b"].num_nodes = 3, 2
    add_edges(graph, weights)
    assert edge_numbers_of(graph) == pytest.approx(expected)
    del graph[R].edge_weight  # Each edge then has weight 1.
    expected |= {"edge_mass": 3.0, "effective_edges": 3.0}
    assert edge_numbers_of(graph) == pytest.approx(expected)


def test_without_nodes_there_is_nothing_to_join():
    assert density(0, 0) == 0
    assert edge_numbers({}) == {"edge_mass": 0, "density": 0, "effective_edges": 0}
