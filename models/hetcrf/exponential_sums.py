"""Row and column sums of exp(cosine · sharpness) over all pairs, without keeping a matrix of all pairs.

    E_ij = exp(s · (⟨u_i, v_j⟩ − 1)),    r_i = Σ_j E_ij,    c_j = Σ_i E_ij,
    ∂r_i/∂u_i = s Σ_j E_ij v_j and so on: with g_ij = ∂L/∂r_i + ∂L/∂c_j, ∂L/∂U = s (g ⊙ E) V.

Backward computes E again, block by block, so memory is one block whatever the number of nodes, and the sums
are those of the dense matrix up to the order of additions. The −1 keeps exponents at or below zero for unit
vectors; it cancels in every ratio.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

BLOCK = 1 << 22
"""Entries of E at once, 16 MB of them in single precision."""


def exponential_sums(
    u: Float[Tensor, "n d"], v: Float[Tensor, "m d"], sharpness: float, block: int = BLOCK
) -> tuple[Float[Tensor, " n"], Float[Tensor, " m"]]:
    """(r, c), differentiable in u and v.

    Args:
        u: unit vectors.
        v: likewise.
        sharpness: s > 0; one over a temperature.
        block: entries of E at once.
    """
    height = max(1, block // max(1, len(v)))
    rows, columns = _Sums.apply(u, v, sharpness, height)  # pyright: ignore
    return rows, columns


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, u: Tensor, v: Tensor, sharpness: float, height: int
    ) -> tuple[Tensor, Tensor]:  # pyright: ignore
        ctx.sharpness, ctx.height = sharpness, height
        ctx.save_for_backward(u, v)
        rows, columns = [u.new_zeros(0)], v.new_zeros(len(v))
        for part in u.split(height):
            found = _exponentials(part, v, sharpness)  # [block, m]
            rows.append(found.sum(1))
            columns = columns + found.sum(0)
        return torch.cat(rows), columns

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(
        ctx: Any, to_rows: Tensor, to_columns: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:  # pyright: ignore
        u, v = ctx.saved_tensors
        to_u, to_v = [torch.zeros_like(u[:0])], torch.zeros_like(v)
        for part, slope in zip(u.split(ctx.height), to_rows.split(ctx.height), strict=True):
            found = _exponentials(part, v, ctx.sharpness)
            found = found.mul_((slope.unsqueeze(1) + to_columns).mul_(ctx.sharpness))
            to_u.append(found @ v)
            to_v = to_v + found.T @ part
        return torch.cat(to_u), to_v, None, None


def _exponentials(u: Tensor, v: Tensor, sharpness: float) -> Tensor:
    return (u @ v.T).sub_(1).mul_(sharpness).exp_()
