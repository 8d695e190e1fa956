"""The rank of a sparse matrix's entries among those of their row."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

WEIGHT_BITS = 25  # Log-weights from -30 to 0 in millionths.


def row_ranks(row: Int[Tensor, " e"], value: Float[Tensor, " e"], height: int) -> Int[Tensor, " e"]:
    """0 for the greatest entry of a row, 1 for the next, …; of equal entries the earlier ranks first.

    Args:
        row: row of each entry, in any order.
        value: value of each entry.
        height: how many rows there are.
    """
    order = value.argsort(descending=True, stable=True)
    order = order[row[order].argsort(stable=True)]  # Row by row, the greatest first.
    return _ranks(order, row, height)


def shuffled_row_ranks(
    row: Int[Tensor, " e"],
    column: Int[Tensor, " e"],
    weight: Float[Tensor, " e"],
    height: int,
) -> Int[Tensor, " e"]:
    """As `row_ranks`, but equal entries are ordered by a fixed pseudo-random rule of their row and column.

    Weights are equal if they differ by less than a millionth, relatively: rounding differs by the order in
    which sums are formed.

    Args:
        row: row of each entry, in any order.
        column: column of each entry.
        weight: w > 0; below e⁻³⁰, and above e³·⁵, all count as equal.
        height: how many rows there are.
    """
    # One sort by row, weight and chance together, packed into a whole number of 62 bits.
    rounded = ((weight.double().log() + 30) * 1e6).round().long().clamp(0, (1 << WEIGHT_BITS) - 1)
    spare = 62 - WEIGHT_BITS - height.bit_length()
    chance = _mixed(row, column) >> max(0, 31 - spare)
    key = (((row << WEIGHT_BITS) | ((1 << WEIGHT_BITS) - 1 - rounded)) << min(31, spare)) | chance
    return _ranks(torch.argsort(key), row, height)


def _ranks(order: Int[Tensor, " e"], row: Int[Tensor, " e"], height: int) -> Int[Tensor, " e"]:
    """The place of each entry among those of its row, where `order` lists entries row by row."""
    size = torch.bincount(row, minlength=height)
    first = size.cumsum(0) - size
    rank = torch.empty_like(row)
    rank[order] = torch.arange(len(order), device=row.device) - first[row[order]]
    return rank


def _mixed(row: Tensor, column: Tensor) -> Tensor:
    """A number of 31 bits for each pair that looks random and is the same on every device."""
    mixed = (row * 2654435761 + column * 40503 + 12345) % 2147483647
    return (mixed * 48271) % 2147483647
