"""k-means in PyTorch, for a few clusters sought many times while a model trains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Clusters:
    """The result of k-means.

    Attributes:
        label: the cluster of each node.
        distance: distance of each node to the centre of its cluster.
        centre: centre of each cluster; a cluster without nodes keeps its initial centre.
    """

    label: Int[Tensor, " n"]
    distance: Float[Tensor, " n"]
    centre: Float[Tensor, "k d"]


@torch.no_grad()
def kmeans(x: Float[Tensor, "n d"], count: int, rounds: int = 20) -> Clusters:
    """Lloyd's iterations from a start by k-means++ (Arthur & Vassilvitskii, SODA 2007).

    `condense.clustering.kmeans` uses scikit-learn, which models do not know. Chance is torch's global state.

    Args:
        x: one point a node.
        count: clusters, at least 1; with fewer points some stay empty.
        rounds: iterations, fewer if no point moves.
    """
    centre = _start(x, count)
    label = torch.cdist(x, centre).argmin(dim=1)
    for _ in range(rounds):
        size = torch.bincount(label, minlength=count).unsqueeze(1)
        total = torch.zeros_like(centre).index_add_(0, label, x)
        centre = torch.where(size > 0, total / size.clamp_min(1), centre)
        moved = torch.cdist(x, centre).argmin(dim=1)
        if torch.equal(moved, label):
            break
        label = moved
    return Clusters(label, (x - centre[label]).norm(dim=1), centre)


def _start(x: Float[Tensor, "n d"], count: int) -> Float[Tensor, "k d"]:
    """Rows of x, each next one drawn by its squared distance from those before."""
    first = torch.randint(len(x), (1,), device=x.device)
    centre = x[first]
    for _ in range(count - 1):
        square = torch.cdist(x, centre).amin(dim=1).square()
        chance = torch.where(square.sum() > 0, square, torch.ones_like(square))
        centre = torch.cat([centre, x[torch.multinomial(chance, 1)]])
    return centre
