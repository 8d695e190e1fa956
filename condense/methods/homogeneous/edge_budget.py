"""Keeps a dense adjacency within the budget of edges."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def heaviest(a: Float[Tensor, "n n"], most: int) -> Float[Tensor, "n n"]:
    """A with all but its heaviest pairs set to zero; gradients pass through the pairs that stay.

    A pair is two edges, one each way, so ⌊most / 2⌋ pairs stay. Equal weights stay in order of their rows.

    Args:
        a: symmetric, not negative, zero on the diagonal.
        most: the budget of edges.
    """
    n = len(a)
    row, column = torch.triu_indices(n, n, 1, device=a.device)
    pairs = most // 2
    if pairs >= len(row):
        return a
    order = a.detach()[row, column].argsort(descending=True, stable=True)[:pairs]
    keep = torch.zeros_like(a)
    keep[row[order], column[order]] = 1
    return a * (keep + keep.T)
