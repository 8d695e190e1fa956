"""Personalised PageRank (Page et al., 1999) on a subgraph, over meta-paths that are never multiplied out."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from models.propagation.union import UnionAdjacency

PRECISION = 1e-6
"""Half the greatest error of all scores together; their sum is 1."""


class Readers:
    """v ↦ Aᵀ v, by differentiating A x: from nodes to those that they read. A_ij > 0 where i reads j.

    Args:
        adjacency: A.
        like: a column [n, 1] of dtype and device.
    """

    def __init__(self, adjacency: UnionAdjacency, like: Float[Tensor, "n 1"]) -> None:
        with torch.enable_grad():
            self.x = torch.zeros_like(like).requires_grad_()
            self.product = adjacency.added(0 * self.x, self.x)

    def __matmul__(self, v: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        """Aᵀ v."""
        return torch.autograd.grad(self.product, self.x, v, retain_graph=True)[0]

    def reached(self, roots: Int[Tensor, " r"], hops: int) -> Bool[Tensor, " n"]:
        """The nodes of the trees of these roots."""
        inside = torch.zeros_like(self.x, requires_grad=False)
        inside[roots] = 1
        for _ in range(hops):
            inside = ((self @ inside) + inside > 0).to(inside.dtype)
        return inside.squeeze(1) > 0


def pagerank(
    adjacency: UnionAdjacency,
    readers: Readers,
    inside: Bool[Tensor, " n"],
    roots: Int[Tensor, " r"],
    restart: float,
) -> Float[Tensor, " n"]:
    """Personalised PageRank of the subgraph of some nodes: where random walks from the roots are.

        p = (1 − α) (Aᵀ D⁻¹ p + δ r) + α r

    with A between the nodes inside alone, D its row sums, r even over the roots, and δ the score of nodes
    that read nobody, whose walks go back to a root. Scores sum to 1 and are 0 outside.

    Args:
        adjacency: A of the whole graph.
        readers: its transpose.
        inside: the nodes of the subgraph, the roots among them.
        roots: where walks start.
        restart: α in (0, 1).
    """
    within = inside.to(readers.x.dtype).unsqueeze(1)  # [n, 1]
    degree = within * (adjacency @ within)
    share = torch.where(degree > 0, degree, torch.inf).reciprocal()
    start = torch.zeros_like(within)
    start[roots] = 1 / len(roots)
    p = start
    # Each step shrinks the distance to the solution, at first 2 at most, by 1 − α.
    for _ in range(math.ceil(math.log(PRECISION) / math.log(1 - restart))):
        stuck = p[degree == 0].sum()
        moved = within * (readers @ (share * p)) + stuck * start
        p = (1 - restart) * moved + restart * start
    return p.squeeze(1)
