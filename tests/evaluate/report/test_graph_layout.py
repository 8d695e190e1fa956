"""Nodes are drawn apart, joined ones near each other, and the same each time."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from evaluate.report.graph_layout import layout, pack


def overlap(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    return (
        a[0] < b[0] + b[2] - 1e-9 and b[0] < a[0] + a[2] - 1e-9
        and a[1] > b[1] - b[2] + 1e-9 and b[1] > a[1] - a[2] + 1e-9
    )  # fmt: skip


@pytest.mark.parametrize(
    "sides", [[], [3.0], [5.0, 2.0, 2.0, 2.0, 1.0], [1.0] * 17, [4.0, 4.0, 4.0]]
)
def test_packed_squares_do_not_overlap(sides: list[float]) -> None:
    squares = [(*corner, side) for corner, side in zip(pack(sides), sides, strict=True)]
    assert not any(overlap(a, b) for a, b in itertools.combinations(squares, 2))
    if sides:
        width = max(x + s for x, _, s in squares)
        height = max(s - y for _, y, s in squares)
        assert width * height <= 4 * sum(s * s for s in sides)


def test_components_are_apart_and_their_nodes_together() -> None:
    path = nx.path_graph(6)
    edges = np.array([*path.edges, (6, 7), (8, 8)]).T
    at = layout(10, edges, np.ones(edges.shape[1]), range(10))
    assert at.shape == (10, 2)
    assert len(np.unique(at.round(6), axis=0)) == 10
    along = [np.linalg.norm(at[i] - at[i + 1]) for i in range(5)]
    assert max(along) < np.linalg.norm(at[0] - at[5])
    inside = max(np.linalg.norm(at[i] - at[j]) for i in range(6) for j in range(6))
    assert min(np.linalg.norm(at[i] - at[j]) for i in range(6) for j in range(6, 10)) > 0.5
    assert inside < 2 * 2**0.5 * 1.25 * 6**0.5
    assert np.array_equal(at, layout(10, edges, np.ones(edges.shape[1]), range(10)))


def test_isolated_nodes_stand_in_the_given_order() -> None:
    order = [3, 1, 0, 2]
    at = layout(4, np.zeros((2, 0), dtype=int), np.zeros(0), order)
    by_place = sorted(range(4), key=lambda i: (-at[i, 1], at[i, 0]))
    assert by_place == order
