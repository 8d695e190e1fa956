"""Positions for drawing a graph: each component by forces, the components side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import networkx as nx
import numpy as np

SPREAD = 1.25  # A component of n nodes gets a square with sides of 2 · SPREAD · (√n − ½),
GAP = 1.0  # and this gap to the next square.
CROWD = 50  # Components with more nodes are spaced out; smaller ones have room anyway.
BREADTH = 1.4  # Width of the picture, relative to the root of its area.


def layout(
    count: int, edges: np.ndarray, weights: np.ndarray, order: Sequence[int], seed: int = 0
) -> np.ndarray:
    """Positions [count, 2].

    Each connected component is laid out by forces (Fruchterman & Reingold, networkx) in a square, and the
    squares are packed in rows of columns, the largest first. Forces between all nodes at once would drive the
    components apart and press each into a dot.

    Args:
        count: number of nodes.
        edges: [2, e], taken as undirected; loops are ignored.
        weights: [e], positive; an edge pulls with the root of its weight.
        order: of the nodes; components of one size follow it by their first node.
        seed: of the initial positions.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    for i, j, w in zip(*edges.tolist(), np.sqrt(weights).tolist(), strict=True):
        if i != j:
            so_far = graph.get_edge_data(i, j, {"weight": 0.0})["weight"]
            graph.add_edge(i, j, weight=so_far + w)
    rank = {node: k for k, node in enumerate(order)}
    components = sorted(
        (sorted(nodes) for nodes in nx.connected_components(graph)),
        key=lambda nodes: (-len(nodes), min(rank[i] for i in nodes)),
    )
    corners = pack([_side(len(nodes)) for nodes in components])
    positions = np.zeros((count, 2))
    for nodes, corner in zip(components, corners, strict=True):
        centre = np.array(corner) + np.array([1, -1]) * _side(len(nodes)) / 2
        positions[nodes] = _component(graph.subgraph(nodes), seed) + centre
    return positions


def pack(sides: Sequence[float]) -> list[tuple[float, float]]:
    """The upper left corners of squares in rows of columns; y falls from row to row.

    The first square of a row sets its height and the first of a column its width, so the largest must come
    first.
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
    """Positions [n, 2] in a square around the origin, in ascending order of the nodes."""
    nodes = sorted(graph)
    if len(nodes) == 1:
        return np.zeros((1, 2))
    # A new graph, because the order of a networkx sub-graph's nodes and edges is not fixed.
    number = {node: k for k, node in enumerate(nodes)}
    edges = sorted((*sorted((number[i], number[j])), w) for i, j, w in graph.edges(data="weight"))
    mean = sum(w for _, _, w in edges) / len(edges)
    plain = nx.Graph()
    plain.add_nodes_from(range(len(nodes)))
    plain.add_weighted_edges_from((i, j, w / mean) for i, j, w in edges)
    at = nx.spring_layout(plain, iterations=120, seed=seed, method="force")
    x = np.array([at[k] for k in range(len(nodes))])
    x = x - (x.max(axis=0) + x.min(axis=0)) / 2
    x = x / max(np.abs(x).max(), 1e-9)
    if (
        len(nodes) > CROWD
    ):  # Strong edges press communities into dots: move half-way to even spacing.
        even = 2 * x.argsort(axis=0).argsort(axis=0) / (len(nodes) - 1) - 1
        x = (x + even) / 2
    return x * (_side(len(nodes)) - GAP) / 2


def _side(count: int) -> float:
    """Side of a component's square, including the gap."""
    return 2 * SPREAD * (math.sqrt(count) - 0.5) + GAP
