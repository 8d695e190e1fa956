"""Plain dense counterparts of the fast code: short, slow, and written from the formulas alone."""

from __future__ import annotations

import torch
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.edges.pairs import Pairs


def multiplicities(graph: MultimodalGraph, relation: tuple[str, str, str]) -> Tensor:
    """A [n_dst, n_src]: the total weight of the edges between each two nodes."""
    found = torch.zeros(graph[relation[2]].num_nodes, graph[relation[0]].num_nodes)
    store = graph[relation]
    for e, (src, dst) in enumerate(store.edge_index.T.tolist()):
        found[dst, src] += float(store.edge_weight[e]) if "edge_weight" in store else 1.0
    return found


def spread(values: Tensor, pairs: Pairs, fill: float = 0.0) -> Tensor:
    """Values of some pairs as a matrix, with `fill` at all others. Differentiable."""
    found = torch.full(pairs.shape, fill, dtype=values.dtype)
    return found.index_put((pairs.rows, pairs.columns), values)


def averaging(a: Tensor) -> Tensor:
    """D⁻¹A; rows without edges stay zero. Differentiable."""
    rows = [row / row.sum() if row.sum().item() > 0 else torch.zeros_like(row) for row in a]
    return torch.stack(rows)


def walk(adjacency: dict, path: tuple, x: Tensor) -> Tensor:
    """Â_{r₁} ⋯ Â_{r_k} X, from the right."""
    for relation in reversed(path):
        x = adjacency[relation] @ x
    return x


def walks(relations, target: str, hops: int) -> list[tuple]:
    """All meta-paths by brute force: every sequence of relations in which ends meet starts."""
    found, layer = [()], [()]
    for _ in range(hops):
        layer = [
            (*path, r)
            for path in layer
            for r in relations
            if r[2] == (path[-1][0] if path else target)
        ]
        found += layer
    return found


def assert_near(got: Tensor, expected: Tensor, relative: float = 1e-9) -> None:
    """Equal up to `relative` times the greatest expected entry (and exactly, where that is 0)."""
    assert got.shape == expected.shape
    worst = (got - expected).abs().max().item() if got.numel() else 0.0
    size = expected.abs().max().item() if got.numel() else 0.0
    assert worst <= relative * size, f"off by {worst} where values reach {size}"
