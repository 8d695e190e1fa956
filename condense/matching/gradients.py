"""Class-wise gradients of the relay's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def classwise_gradients(
    z: Float[Tensor, "n D"], p: Float[Tensor, "n C"], sizes: Sequence[int]
) -> Float[Tensor, "G D C"]:
    """∇_W L_c = Z_cᵀ P_c / n_c for every class c.

    L_c is the mean cross-entropy over the nodes of class c, so only their rows of P = softmax(ZW + b) − Y
    count; but Z has seen all nodes, whatever their class. The bias' gradient, one number a column, has no
    direction to match and is left out.

    Args:
        z: meta-path features, in the order of the classes; may require a gradient.
        p: P on the same rows, see `models.relay.residual`.
        sizes: n_c, how many rows belong to each class; one without a row gives 0.
    """
    count = torch.tensor(sizes, device=z.device)
    share = p / count.repeat_interleave(count).unsqueeze(1)
    found = _ClassProducts.apply(z, share, list(sizes))
    assert isinstance(found, Tensor)
    return found.transpose(1, 2)


def gradient(z: Float[Tensor, "n D"], p: Float[Tensor, "n C"]) -> Float[Tensor, "D C"]:
    """∇_W L = Zᵀ P / n of the mean loss over these nodes, a transposed [C, D]; 0 without a node."""
    return ((p / max(len(p), 1)).T @ z).T


class _ClassProducts(torch.autograd.Function):
    """P_cᵀ Z_c of each class [G, C, D]; with G_c = ∂L/∂(P_cᵀ Z_c), ∂L/∂Z_c = P_c G_c, ∂L/∂P_c = Z_c G_cᵀ.

    Autograd would do the same, with a handful of steps and a copy of Z for each class.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, p: Tensor, sizes: list[int]) -> Tensor:  # pyright: ignore
        ctx.save_for_backward(z, p)
        ctx.sizes = sizes
        found = z.new_empty(len(sizes), p.size(1), z.size(1))
        for out, a, b in zip(found, z.split(sizes), p.split(sizes), strict=True):
            torch.mm(b.T, a, out=out)
        return found

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:  # pyright: ignore
        z, p = ctx.saved_tensors
        to_z, to_p = z.new_empty(z.shape), p.new_empty(p.shape)
        parts = (x.split(ctx.sizes) for x in (z, p, to_z, to_p))
        for g, a, b, out_z, out_p in zip(grad, *parts, strict=True):
            torch.mm(b, g, out=out_z)
            torch.mm(a, g.T, out=out_p)
        return to_z, to_p, None
