"""The union of the meta-paths that lead back to the target type, as a list of edges.

Attention needs a number for each edge, so products of adjacencies must be formed, and these may be near
dense: authors that meet at conferences are joined to thousands. Blocks of rows are formed one after
another, and of each row only the strongest neighbours are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from models.propagation.metapaths import MetaPath, returning_paths
from models.propagation.row_ranks import row_ranks
from models.propagation.sparse import adjacency, mean_adjacency
from models.schema import GraphSchema

BLOCK = 2**22
"""Entries of a product that are formed at a time: a few hundred MB while they are sorted."""


@dataclass(frozen=True)
class UnionEdges:
    """Edges between target nodes; an edge of weight w means w parallel edges.

    Attributes:
        source: of each edge.
        destination: of each edge.
        weight: w > 0.
    """

    source: Int[Tensor, " e"]
    destination: Int[Tensor, " e"]
    weight: Float[Tensor, " e"]


@torch.no_grad()
def union_edges(
    graph: HeteroData, schema: GraphSchema, hops: int, neighbours: int, device: torch.device
) -> UnionEdges:
    """The entries of I + A, which `UnionOperator` normalises; at most k a row besides the loop.

    Of more than k neighbours those with the k greatest weights stay, of equals the lower-numbered. Their
    weights are scaled up to what all neighbours had together, so that a node's own share, its self-loop
    with its ways back, does not depend on how many were left out.

    Args:
        graph: its edges, weights as multiplicities.
        schema: of this graph.
        hops: the longest meta-path.
        neighbours: k ≥ 1.
        device: where the graph is.
    """
    count = int(graph[schema.target].num_nodes)
    paths = [
        _Product.of(graph, path, count)
        for path in returning_paths(schema.relations, schema.target, hops)
    ]
    parts = []
    for start, stop in _blocks(paths, count, device):
        own = torch.arange(start, stop, device=device)
        blocks = [path.rows(start, stop) for path in paths]
        index = [torch.stack([own - start, own]), *(block.indices() for block in blocks)]
        weight = [torch.ones(stop - start, device=device), *(block.values() for block in blocks)]
        size = (stop - start, count)
        block = torch.sparse_coo_tensor(
            torch.cat(index, dim=1), torch.cat(weight), size, check_invariants=False
        )
        parts.append(_strongest(block.coalesce(), own, neighbours))
    source, destination, weight = (torch.cat(part) for part in zip(*parts, strict=True))
    return UnionEdges(source, destination, weight)


@dataclass(frozen=True)
class _Product:
    """A_p of one meta-path as two factors, each far smaller than their product.

    Attributes:
        left: of the path's first half, sparse COO [n, m].
        right: of the rest, sparse COO [m, n]; None where the path is one relation.
        first: [n + 1]; where each row of `left` starts among its entries.
        bound: at most so many entries has each row of A_p, [n].
    """

    left: Tensor
    right: Tensor | None
    first: Int[Tensor, " n_1"]
    bound: Int[Tensor, " n"]

    @classmethod
    def of(cls, graph: HeteroData, path: MetaPath, count: int) -> _Product:
        factors = [adjacency(graph, path[0]), *(mean_adjacency(graph, r) for r in path[1:])]
        factors = [x.to_sparse_coo().coalesce() for x in factors]
        half = (len(path) + 1) // 2
        left, right = _multiplied(factors[:half]), None
        row, column = left.indices()
        first = torch.searchsorted(row, torch.arange(count + 1, device=row.device))
        entries = torch.ones_like(row)
        if half < len(path):
            right = _multiplied(factors[half:])
            entries = torch.bincount(right.indices()[0], minlength=right.size(0))[column]
        bound = torch.zeros(count, dtype=torch.long, device=row.device).index_add_(0, row, entries)
        return cls(left, right, first, bound.clamp_max(count))

    def rows(self, start: int, stop: int) -> Tensor:
        """Rows start … stop − 1 of A_p, sparse COO."""
        part = slice(int(self.first[start]), int(self.first[stop]))
        row, column = self.left.indices()[:, part]
        block = torch.sparse_coo_tensor(
            torch.stack([row - start, column]),
            self.left.values()[part],
            (stop - start, self.left.size(1)),
            check_invariants=False,
        )
        return (block if self.right is None else torch.sparse.mm(block, self.right)).coalesce()


def _multiplied(factors: Sequence[Tensor]) -> Tensor:
    product = factors[0]
    for factor in factors[1:]:
        product = torch.sparse.mm(product, factor)
    return product.coalesce()


def _blocks(
    paths: Sequence[_Product], count: int, device: torch.device
) -> Iterator[tuple[int, int]]:
    """Ranges of rows with at most `BLOCK` entries together, or one row."""
    entries = torch.ones(count, dtype=torch.long, device=device)
    for path in paths:
        entries = entries + path.bound
    end, start = entries.cumsum(0).tolist(), 0
    while start < count:
        stop, before = start + 1, end[start - 1] if start else 0
        while stop < count and end[stop] - before <= BLOCK:
            stop += 1
        yield start, stop
        start = stop


def _strongest(
    block: Tensor, own: Int[Tensor, " rows"], neighbours: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Source, destination and weight of the edges that are kept; row i of `block` is of node own_i."""
    row, column = block.indices()
    weight, loop = block.values(), column == own[row]
    at, value = row[~loop], weight[~loop]
    kept = row_ranks(at, value, len(own)) < neighbours
    degree = torch.bincount(at, minlength=len(own))
    had = weight.new_zeros(len(own)).index_add_(0, at, value)
    has = weight.new_zeros(len(own)).index_add_(0, at, value * kept)
    scale = torch.where(degree > neighbours, had / has, 1.0)
    weight = torch.cat([weight[loop], (value * scale[at])[kept]])
    return (
        torch.cat([column[loop], column[~loop][kept]]),
        torch.cat([own[row[loop]], own[at[kept]]]),
        weight,
    )
