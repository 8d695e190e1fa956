"""Converts an adjacency matrix to the edges of one relation, and measures what the threshold drops."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

SYMMETRIC = 1e-4
"""Entries that differ by less than this share of the largest count as equal, to allow for rounding."""


@dataclass(frozen=True)
class KeptEdges:
    """The entries of A above a threshold, off the diagonal.

    Attributes:
        index: source and destination of each edge.
        weight: weight of each edge, positive.
        largest: the largest entry off the diagonal; 0 if there is none.
        mass: Σ_(i≠j) |a_ij| over all entries.
        dropped: share of the mass that is not kept; 0 if the mass is 0.
        loops: number of non-zero entries on the diagonal.
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

    Graph convolutions compute A X, in which row i receives from column j. The diagonal is left out: an
    entry there stands for the self-loop that GCN's normalisation would add, so the identity means "no
    edges", and the models of this package weight each node itself. Negative entries, which no edge can
    have, count as dropped. The entries are the weights: an edge of .3 counts as three tenths of an edge.

    Args:
        adjacency: finite, [n, n], dense or sparse COO; repeated COO entries are summed.
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
    """Whether the entries, sorted by row and column, equal those of the transpose."""
    if not len(value):
        return True
    mirrored, order = (column * n + row).sort()
    if not torch.equal(mirrored, row * n + column):
        return False
    return bool((value[order] - value).abs().max() <= SYMMETRIC * value.abs().max())
