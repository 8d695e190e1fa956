"""Explicit products of adjacencies along meta-paths, and the strongest entries of their rows.

Attention needs a number for each edge of a meta-path graph, so products of adjacencies must be formed, and
these may be nearly full: authors who meet at conferences are joined to thousands. Blocks of rows are formed
one after another, and of each row only the strongest entries are kept.

Products are of COO matrices: torch's CPU build leaks the result of CSR x CSR products (seen in 2.13).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from models.propagation.metapaths import MetaPath
from models.propagation.row_ranks import row_ranks, shuffled_row_ranks
from models.propagation.sparse import adjacency, mean_adjacency, row_starts

BLOCK = 2**22
"""Entries of a product that are formed at a time: a few hundred MB while they are sorted."""


@dataclass(frozen=True)
class WeightedEdges:
    """Edges among target nodes; an edge of weight w means w parallel edges.

    Attributes:
        index: source and destination of each edge.
        weight: w > 0.
    """

    index: Int[Tensor, "2 e"]
    weight: Float[Tensor, " e"]

    @property
    def source(self) -> Int[Tensor, " e"]:
        """The source of each edge."""
        return self.index[0]

    @property
    def destination(self) -> Int[Tensor, " e"]:
        """The destination of each edge."""
        return self.index[1]


class Entries(NamedTuple):
    """Entries of a sparse matrix.

    Attributes:
        row: row of each entry; a target node that receives.
        column: column of each entry; the target node that sends.
        weight: value of each entry.
    """

    row: Int[Tensor, " e"]
    column: Int[Tensor, " e"]
    weight: Float[Tensor, " e"]

    def where(self, keep: Tensor) -> Entries:
        """The entries that a mask selects."""
        return Entries(*(part[keep] for part in self))


class MetaPathProduct:
    """The product of a meta-path's adjacencies, held as factors, each far smaller than the product.

    Args:
        graph: its edges, weights as multiplicities.
        path: from the target type back to it, at least one relation.
        counted: the first factor is A_{r₁}, which counts edges, and not the mean Â_{r₁}; all later ones are
            means.
        halved: the second half of the path is multiplied out at once, for all blocks. Without it a block is
            multiplied by one factor after another, which sums in another order.
    """

    def __init__(self, graph: HeteroData, path: MetaPath, *, counted: bool, halved: bool) -> None:
        first = (adjacency if counted else mean_adjacency)(graph, path[0])
        later = (mean_adjacency(graph, relation) for relation in path[1:])
        factors = [factor.to_sparse_coo().coalesce() for factor in (first, *later)]
        if halved:
            half = (len(path) + 1) // 2
            factors = [_multiplied(part) for part in (factors[:half], factors[half:]) if part]
        self.left, self.later = factors[0], factors[1:]
        self.starts = row_starts(self.left.indices()[0], self.left.size(0))

    def bound(self) -> Int[Tensor, " n"]:
        """A bound on the entries of each row: the walks along the stored factors, at most n."""
        reached = torch.ones_like(self.starts[1:])
        for factor in (*reversed(self.later), self.left):
            row, column = factor.indices()
            walks = reached.new_zeros(factor.size(0)).index_add_(0, row, reached[column])
            reached = walks.clamp_max(self.left.size(0))
        return reached

    def rows(self, start: int, stop: int) -> Tensor:
        """Rows start … stop - 1, sparse COO [stop - start, n], coalesced."""
        part = slice(int(self.starts[start]), int(self.starts[stop]))
        row, column = self.left.indices()[:, part]
        block = torch.sparse_coo_tensor(
            torch.stack([row - start, column]),
            self.left.values()[part],
            (stop - start, self.left.size(1)),
            check_invariants=False,
        )
        for factor in self.later:
            block = torch.sparse.mm(block, factor)
        return block.coalesce()


def row_blocks(
    products: Sequence[MetaPathProduct], count: int, device: torch.device
) -> Iterator[tuple[int, int]]:
    """Ranges of rows in which all products have at most `BLOCK` entries together, or single rows.

    Args:
        products: of `count` rows each.
        count: n.
        device: where the graph is.
    """
    entries = torch.ones(count, dtype=torch.long, device=device)
    for product in products:
        entries = entries + product.bound()
    end, start = entries.cumsum(0).tolist(), 0
    while start < count:
        stop, before = start + 1, end[start - 1] if start else 0
        while stop < count and end[stop] - before <= BLOCK:
            stop += 1
        yield start, stop
        start = stop


def entries_of(block: Tensor, start: int) -> Entries:
    """The entries of a coalesced block whose first row is row `start` of the product."""
    row, column = block.indices()
    return Entries(row + start, column, block.values())


def strongest(
    entries: Entries,
    height: int,
    count: int,
    *,
    left_out: Literal["dropped", "shared", "normalised"],
    ties: Literal["lower", "shuffled"] = "lower",
) -> Entries:
    """The `count` entries of greatest weight of each row.

    Args:
        entries: in the order of rows and columns, each place once.
        height: how many rows there are.
        count: entries that a row keeps.
        left_out: what becomes of the weight that is left out. "dropped": it is lost. "shared": what is kept
            is scaled up to the weight that all entries of the row had. "normalised": what is kept is scaled
            to a sum of 1.
        ties: of equal weights the entry of the lower column stays, or one chosen by a fixed rule that looks
            random; see `row_ranks` and `shuffled_row_ranks`.
    """
    row, weight = entries.row, entries.weight
    if ties == "lower":
        ranks = row_ranks(row, weight, height)
    else:
        ranks = shuffled_row_ranks(row, entries.column, weight, height)
    stays = ranks < count
    kept = entries.where(stays)
    if left_out == "dropped":
        return kept
    has = weight.new_zeros(height).index_add_(0, row, weight * stays)
    if left_out == "normalised":
        return kept._replace(weight=kept.weight / has[kept.row])
    had = weight.new_zeros(height).index_add_(0, row, weight)
    cut = torch.bincount(row, minlength=height) > count
    return kept._replace(weight=kept.weight * torch.where(cut, had / has, 1.0)[kept.row])


def _multiplied(factors: Sequence[Tensor]) -> Tensor:
    product = factors[0]
    for factor in factors[1:]:
        product = torch.sparse.mm(product, factor)
    return product.coalesce()
