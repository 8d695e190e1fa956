"""Candidate pairs of clusters, those that an edge may join, and their initial weights."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from condense.edges.kept_edges import greatest_mirrored
from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import SMALL, Pairs, those_in

PER_EDGE = 8
"""In larger relations, the maximal number of candidates for each edge that is kept."""


def candidates(
    counts: PairMatrix,
    budget: int,
    absent: float,
    symmetric: bool = False,
    *,
    whole: int = SMALL,
    per_edge: int = PER_EDGE,
) -> tuple[Pairs, Float[Tensor, " k"]]:
    """The pairs that an edge may join, and the edge count of each.

    Among few clusters these are all pairs, but for clusters that no edge of the relation joins to any.
    Among many they are the pairs that the whole graph joins, those of greatest count first, so that cost
    grows with the edges and not with the square of the clusters.

    Args:
        counts: the whole graph's edges between clusters.
        budget: how many edges are kept.
        absent: the count that stands for "no edge between these clusters"; with 0 only joined pairs are
            candidates, whatever their number.
        symmetric: the relation is its own transpose; with (i, j), (j, i) is a candidate too.
        whole: the most pairs of which all are taken.
        per_edge: how many candidates there are for each edge beyond.
    """
    height, width = counts.shape
    if height * width > whole:
        return _joined(counts, per_edge * budget, absent, symmetric)
    if absent <= 0:
        return counts.pairs, counts.values
    receive, send = those_in(counts.pairs.rows, height), those_in(counts.pairs.columns, width)
    pairs = Pairs((receive.unsqueeze(1) * width + send).flatten(), (height, width))
    joined = counts.dense().flatten()[pairs.place]
    return pairs, joined.clamp_min(absent)


def _joined(
    counts: PairMatrix, most: int, absent: float, symmetric: bool
) -> tuple[Pairs, Float[Tensor, " k"]]:
    """The pairs of greatest count among those that edges join."""
    pairs, values = counts.pairs, counts.values
    if len(pairs) > most:
        if symmetric:
            best = greatest_mirrored(values, pairs, most)
        else:
            # Of equal counts the earlier ones, on every device.
            best = values.argsort(descending=True, stable=True)[:most].sort().values
        pairs, values = Pairs(pairs.place[best], pairs.shape), values[best]
    return pairs, values.clamp_min(absent)
