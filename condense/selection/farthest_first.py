"""Farthest-first traversal: nodes that leave no other node far away.

Gonzalez, Theor. Comput. Sci. 38, 1985; as core-set selection in Sener & Savarese, ICLR 2018.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def farthest_first(x: Float[Tensor, "k D"], count: int) -> Int[Tensor, " count"]:
    """Pick `count` ≤ k distinct rows: the one nearest to the mean, then the farthest from those picked.

    p_i = argmax_p min_{j<i} ‖x_p − x_{p_j}‖. The greatest distance of a row to its nearest picked one
    is at most twice the least that any `count` rows can reach. Of equally far rows the first is taken.
    """
    x = x - x.mean(dim=0)
    size = x.square().sum(dim=1)  # [k]
    distance = torch.full_like(size, torch.inf)  # Squared, to the nearest picked row.
    picked = torch.empty(count, dtype=torch.long, device=x.device)
    best = size.argmin()
    for i in range(count):
        picked[i] = best
        from_best = (size + size[best] - 2 * (x @ x[best])).clamp_min(
            0
        )  # Rounding may give less than 0.
        distance = torch.minimum(distance, from_best)
        distance[best] = -1  # Below 0, where rows that coincide with a picked one are.
        best = distance.argmax()
    return picked
