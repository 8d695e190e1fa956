"""Exemplar trees: which roots represent all, and which labelled nodes of their trees matter most.

Gupta et al., "Bonsai: Gradient-free Graph Condensation for Node Classification", ICLR 2025.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.selection.coverage import by_coverage, nearest
from condense.selection.pagerank import Readers, pagerank
from models.propagation.union import UnionAdjacency


@dataclass(frozen=True)
class Ranking:
    """Rows in the order in which their reverse k-nearest neighbours cover most of what is not covered.

    Attributes:
        order: rows [n], best first.
        neighbours: the k rows [m, k] nearest to each row that was sampled.
    """

    order: Int[Tensor, " n"]
    neighbours: Int[Tensor, "m k"]

    @classmethod
    def of(
        cls, z: Float[Tensor, "n d"], k: int, sample: float, generator: torch.Generator
    ) -> Ranking:
        """Rank all rows.

        Args:
            z: one row for each root's tree.
            k: neighbours, the row itself among them; all rows if there are fewer.
            sample: share of the rows that are to be covered, drawn at random.
            generator: for the draw.
        """
        count = len(z)
        rows = torch.arange(count, device=z.device)
        if sample < 1:
            rows = torch.randperm(count, generator=generator, device=z.device)
            rows = rows[: max(1, round(sample * count))].sort().values
        neighbours = nearest(z, rows, min(k, count))
        return cls(by_coverage(neighbours, count), neighbours)

    def coverage(self, rows: Int[Tensor, " c"]) -> float:
        """The share of the sampled rows that have one of these among their k nearest."""
        return float(torch.isin(self.neighbours, rows).any(dim=1).double().mean())


def merged_trees(
    readers: Readers,
    ranked: Int[Tensor, " k"],
    train: Bool[Tensor, " n"],
    hops: int,
    least: int,
    most: float,
) -> tuple[Int[Tensor, " r"], Bool[Tensor, " n"]]:
    """The first roots by rank whose trees hold at most `most` training nodes together, but `least` roots.

    Args:
        readers: of the whole graph.
        ranked: training nodes, best first.
        train: the training nodes.
        hops: depth of the trees.
        least: so many roots in any case, as far as there are.
        most: training nodes in the trees.

    Returns:
        The roots, and the nodes of their trees.
    """
    low, high = min(least, len(ranked)), len(ranked)
    while low < high:  # More trees never hold fewer nodes.
        middle = (low + high + 1) // 2
        held = readers.reached(ranked[:middle], hops) & train
        low, high = (middle, high) if int(held.sum()) <= most else (low, middle - 1)
    return ranked[:low], readers.reached(ranked[:low], hops)


def most_important(
    adjacency: UnionAdjacency,
    readers: Readers,
    roots: Int[Tensor, " r"],
    inside: Bool[Tensor, " n"],
    train: Bool[Tensor, " n"],
    count: int,
    restart: float,
) -> Bool[Tensor, " n"]:
    """The training nodes with most PageRank in merged trees: `count` of them, or all that there are.

    Args:
        adjacency: A of the whole graph.
        readers: its transpose.
        roots: of the trees.
        inside: the nodes of the trees.
        train: the training nodes.
        count: how many to take.
        restart: see `condense.selection.pagerank`.
    """
    score = pagerank(adjacency, readers, inside, roots, restart)
    candidates = (inside & train).nonzero().flatten()
    best = score[candidates].argsort(descending=True, stable=True)[:count]
    chosen = torch.zeros_like(train)
    chosen[candidates[best]] = True
    return chosen


def shares(
    ranked: Int[Tensor, " k"],
    first: Bool[Tensor, " n"],
    y: Int[Tensor, " n"],
    classes: tuple[int, ...],
) -> Int[Tensor, " m"]:
    """n'_c training nodes of each class, class by class: those of `first` by rank, then the others by rank.

    Args:
        ranked: all training nodes, best first.
        first: nodes that go before the others of their class.
        y: classes.
        classes: n'_c; no class has fewer training nodes.
    """
    queue = torch.cat([ranked[first[ranked]], ranked[~first[ranked]]])
    return torch.cat([queue[y[queue] == c][:count] for c, count in enumerate(classes)])
