"""The place of a sparse matrix's entries among those of their row."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def row_ranks(row: Int[Tensor, " e"], value: Float[Tensor, " e"], height: int) -> Int[Tensor, " e"]:
    """0 for the greatest entry of a row, 1 for the next, …; of equal ones the earlier ranks first.

    Args:
        row: of each entry, in any order.
        value: of each entry.
        height: how many rows there are.
    """
    order = value.argsort(descending=True, stable=True)
    order = order[row[order].argsort(stable=True)]  # Row by row, the greatest first.
    size = torch.bincount(row, minlength=height)
    first = size.cumsum(0) - size
    rank = torch.empty_like(row)
    rank[order] = torch.arange(len(order), device=row.device) - first[row[order]]
    return rank
