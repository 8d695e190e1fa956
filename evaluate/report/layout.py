"""Where a graph's nodes are drawn: each component by forces, and all of them side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import networkx as nx
import numpy as np

SPREAD = 1.25  # A component of n nodes gets a square of SPREAD · (√n − ½) to either side,
GAP = 1.0  # and this between it and the next.
CROWD = 50  # Nodes; communities of smaller components have room.
BREADTH = 1.4  # Of the picture, times the root of its area.


def layout(
    count: int, edges: np.ndarray, weights: np.ndarray, order: Sequence[int], seed: int = 0
) -> np.ndarray:
    """Positions [count, 2].

    Each connected component is laid out by forces (Fruchterman & Reingold, networkx) and the squares are
    put in rows of columns, the largest first; forces between all nodes at once would drive components apart
    and press each into a dot.

    Args:
        count: of nodes.
        edges: [2, e], taken as undirected; an edge from a node to itself moves nothing.
        weights: [e], positive; stronger edges pull more, as the root of their weight.
        order: in which components of one size stand, by their first node.
        seed: of the layout's start.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    for i, j, w in zip(*edges.tolist(), np.sqrt(weights).tolist(), strict=True):
        if i != j:
            before = graph.get_edge_data(i, j, {"weight": 0.0})["weight"]
            graph.add_edge(i, j, weight=before + w)
    place = {node: k for k, node in enumerate(order)}
    parts = sorted(
        (sorted(part) for part in nx.connected_components(graph)),
        key=lambda part: (-len(part), min(place[i] for i in part)),
    )
    positions = np.zeros((count, 2))
    for part, corner in zip(parts, pack([_side(len(part)) for part in parts]), strict=True):
        centre = np.array(corner) + np.array([1, -1]) * _side(len(part)) / 2
        positions[part] = _component(graph.subgraph(part), seed) + centre
    return positions


def pack(sides: Sequence[float]) -> list[tuple[float, float]]:
    """The left upper corners of squares in rows of columns; y falls.

    The first square of a row gives its height and the first of a column its width, so squares must come the
    largest first.
    """
    if not sides:
        return []
    width = max(BREADTH * math.sqrt(sum(s * s for s in sides)), sides[0])
    corners: list[tuple[float, float]] = []
    left = right = top = below = bottom = 0.0
    for side in sides:
        if below - side < bottom - 1e-9:  # The column is full.
            left, below = right, top
            if left + side > width + 1e-9 or not corners:
                left, top = 0.0, bottom
                below, bottom = top, top - side
            right = left + side
        corners.append((left, below))
        below -= side
    return corners


def _component(graph: nx.Graph, seed: int) -> np.ndarray:
    """[n, 2] within its square round the origin, rows in ascending order of the nodes' numbers."""
    nodes = sorted(graph)
    if len(nodes) == 1:
        return np.zeros((1, 2))
    # Built anew, since networkx orders a sub-graph's nodes and edges as they come.
    number = {node: k for k, node in enumerate(nodes)}
    edges = sorted((*sorted((number[i], number[j])), w) for i, j, w in graph.edges(data="weight"))
    mean = sum(w for _, _, w in edges) / len(edges)
    plain = nx.Graph()
    plain.add_nodes_from(range(len(nodes)))
    plain.add_weighted_edges_from((i, j, w / mean) for i, j, w in edges)
    found = nx.spring_layout(plain, iterations=120, seed=seed, method="force")
    x = np.array([found[k] for k in range(len(nodes))])
    x = x - (x.max(axis=0) + x.min(axis=0)) / 2
    x = x / max(np.abs(x).max(), 1e-9)
    if len(nodes) > CROWD:  # Strong edges press communities into dots: half-way to even spacing.
        even = 2 * x.argsort(axis=0).argsort(axis=0) / (len(nodes) - 1) - 1
        x = (x + even) / 2
    return x * (_side(len(nodes)) - GAP) / 2


def _side(count: int) -> float:
    """Of the square of a component, the gap beside it counted."""
    return 2 * SPREAD * (math.sqrt(count) - 0.5) + GAP
