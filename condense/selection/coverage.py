"""Rows that many others have among their nearest: reverse k-nearest neighbours, covered greedily."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

BLOCK = 2**25
"""Distances in memory at a time, 128 MiB in float32."""


def nearest(x: Float[Tensor, "n d"], rows: Int[Tensor, " m"], k: int) -> Int[Tensor, "m k"]:
    """The k ≤ n rows of `x` nearest to each of these, by Euclidean distance; each row is its own nearest."""
    size = x.square().sum(dim=1)  # [n]
    found = []
    for part in rows.split(max(1, BLOCK // len(x))):
        distance = size - 2 * (x[part] @ x.T)  # Squared, up to a number for each row.
        distance[torch.arange(len(part), device=x.device), part] = -torch.inf
        found.append(distance.topk(k, dim=1, largest=False).indices)
    return torch.cat(found)


def by_coverage(neighbours: Int[Tensor, "m k"], count: int) -> Int[Tensor, " count"]:
    r"""All rows 0 … count − 1 in the order in which they cover most points that no earlier row covers.

    Row q covers the points of rev(q) = {v : q ∈ N(v)}, and

        q_i = argmax_q |rev(q) \\ (rev(q_1) ∪ … ∪ rev(q_{i−1}))|

    The first b rows cover at least 1 − 1/e of what any b rows can cover (Nemhauser et al., Math. Program.
    14, 1978). Once no row covers anything new, all points count as uncovered again; rows that cover nothing
    at all come last. Of rows that cover equally much the first is taken.

    Args:
        neighbours: N(v) of each point v, without repetition within a row.
        count: how many rows there are.
    """
    near = neighbours.cpu().numpy()
    k = near.shape[1]
    points = near.ravel().argsort(kind="stable") // k  # rev(0), rev(1), … one after another
    total = np.bincount(near.ravel(), minlength=count)
    start = np.concatenate([[0], total.cumsum()])
    order, gain = np.empty(count, dtype=np.int64), total.copy()
    covered, taken = np.zeros(len(near), dtype=bool), np.zeros(count, dtype=bool)
    for i in range(count):
        best = int(gain.argmax())
        if gain[best] <= 0:
            covered[:] = False
            gain = np.where(taken, -1, total)
            best = int(gain.argmax())
        if gain[best] == 0:
            order[i:] = np.flatnonzero(~taken)
            break
        new = points[start[best] : start[best + 1]]
        new = new[~covered[new]]
        covered[new] = True
        np.subtract.at(gain, near[new].ravel(), 1)
        order[i], taken[best], gain[best] = best, True, -1
    return torch.from_numpy(order).to(neighbours.device)
