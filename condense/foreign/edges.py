"""An adjacency matrix as edges of one relation, and what is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

SYMMETRIC = 1e-4
"""Entries that differ by this share of the largest count as equal: both halves were rounded."""


@dataclass(frozen=True)
class KeptEdges:
    """The entries of A above a threshold, off the diagonal.

    Attributes:
        index: source and destination of each.
        weight: of each, positive.
        largest: entry off the diagonal; 0 where there is none.
        mass: Σ_(i≠j) |a_ij|, of all entries.
        dropped: share of the mass that is not kept; 0 where there is no mass.
        loops: how many entries on the diagonal are not 0.
        symmetric: whether A = Aᵀ.
    """

    index: Int[Tensor, "2 e"]
    weight: Float[Tensor, " e"]
    largest: float
    mass: float
    dropped: float
    loops: int
    symmetric: bool


def kept_edges(adjacency: Tensor, threshold: float) -> KeptEdges:
    """Edges j → i of weight a_ij for the entries a_ij > threshold, i ≠ j.

    Graph convolutions compute A X, in which row i takes from column j. The diagonal is left out: there it
    stands for the self-loop that GCN's normalisation adds where it is 0, so the identity means "no edges",
    and our models give every node its own share themselves. Entries below zero, which no edge can have,
    count as dropped. Weights are entries: an edge of .3 counts as three tenths of an edge.

    Args:
        adjacency: finite, [n, n], dense or sparse COO; of repeated COO entries the sum counts.
        threshold: ≥ 0.
    """
    sparse = adjacency.detach().float()
    sparse = (sparse.to_sparse_coo() if sparse.layout == torch.strided else sparse).coalesce()
    (row, column), value = sparse.indices(), sparse.values()
    filled, off = value != 0, row != column
    row, column, value, loops = (
        row[filled & off],
        column[filled & off],
        value[filled & off],
        int((filled & ~off).sum()),
    )
    kept = value > threshold
    mass = float(value.double().abs().sum())
    lost = float(value[~kept].double().abs().sum())
    return KeptEdges(
        index=torch.stack([column[kept], row[kept]]),
        weight=value[kept],
        largest=float(value.max()) if len(value) else 0.0,
        mass=mass,
        dropped=lost / mass if mass else 0.0,
        loops=loops,
        symmetric=_symmetric(row, column, value, sparse.size(0)),
    )


def _symmetric(row: Tensor, column: Tensor, value: Tensor, n: int) -> bool:
    """Whether the entries, in the order of rows and columns, are those of the transpose."""
    if not len(value):
        return True
    mirrored, order = (column * n + row).sort()
    if not torch.equal(mirrored, row * n + column):
        return False
    return bool((value[order] - value).abs().max() <= SYMMETRIC * value.abs().max())
