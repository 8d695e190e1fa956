"""Row and column sums of exp(cosine · sharpness) over all pairs, without keeping a matrix of all pairs.

    E_ij = exp(s · (⟨u_i, v_j⟩ − 1)),    r_i = Σ_j E_ij,    c_j = Σ_i E_ij,
    ∂r_i/∂u_i = s Σ_j E_ij v_j and so on: with g_ij = ∂L/∂r_i + ∂L/∂c_j, ∂L/∂U = s (g ⊙ E) V.

Both passes go over E tile by tile, backward computing it again, so memory is that of the vectors whatever
the number of nodes; a tile stays in the cache while it is filled, summed and multiplied. The sums are those
of the dense matrix up to the order of additions. The −1 keeps exponents at or below zero for unit vectors;
it cancels in every ratio.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

TILE = 512
"""Rows and columns of E at once: 1 MB in single precision, which the cache of one core holds."""
GPU_TILE = 4096
"""The same bound on a GPU, where small products would be all overhead."""


def exponential_sums(
    u: Float[Tensor, "n d"], v: Float[Tensor, "m d"], sharpness: float, tile: int | None = None
) -> tuple[Float[Tensor, " n"], Float[Tensor, " m"]]:
    """(r, c), differentiable in u and v.

    Args:
        u: unit vectors.
        v: likewise.
        sharpness: s > 0; one over a temperature.
        tile: rows and columns of E at once; what suits the device by default.
    """
    if tile is None:
        tile = TILE if u.device.type == "cpu" else GPU_TILE
    rows, columns = _Sums.apply(u, v, sharpness, tile)  # pyright: ignore
    return rows, columns


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, u: Tensor, v: Tensor, sharpness: float, tile: int
    ) -> tuple[Tensor, Tensor]:  # pyright: ignore
        ctx.sharpness, ctx.tile = sharpness, tile
        ctx.save_for_backward(u, v)
        rows, columns = u.new_zeros(len(u)), v.new_zeros(len(v))
        for down, across, entries in _tiles(u * sharpness, v, sharpness, tile):
            rows[down] += entries.sum(1)
            columns[across] += entries.sum(0)
        return rows, columns

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx: Any, to_rows: Tensor, to_columns: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:  # pyright: ignore
        u, v = ctx.saved_tensors
        sharp = u * ctx.sharpness
        to_u, to_v = torch.zeros_like(u), torch.zeros_like(v)
        for down, across, entries in _tiles(sharp, v, ctx.sharpness, ctx.tile):
            entries.mul_(to_rows[down, None] + to_columns[across])
            to_u[down].addmm_(entries, v[across])
            to_v[across].addmm_(entries.T, sharp[down])
        return to_u.mul_(ctx.sharpness), to_v, None, None


def _tiles(
    sharp: Float[Tensor, "n d"], v: Float[Tensor, "m d"], sharpness: float, tile: int
) -> Iterator[tuple[slice, slice, Tensor]]:
    """Rows, columns and what E holds there; `sharp` is s u. A tile is overwritten by a later one."""
    buffer = sharp.new_empty(min(tile, len(sharp)) * min(tile, len(v)))
    shift = sharp.new_full((1, 1), -sharpness)
    for i in range(0, len(sharp), tile):
        down = slice(i, min(i + tile, len(sharp)))
        for j in range(0, len(v), tile):
            across = slice(j, min(j + tile, len(v)))
            size = down.stop - i, across.stop - j
            entries = buffer[: size[0] * size[1]].view(size)
            torch.addmm(shift, sharp[down], v[across].T, out=entries)
            yield down, across, entries.exp_()
