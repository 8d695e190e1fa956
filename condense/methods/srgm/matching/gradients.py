"""Class-wise gradients of the relay's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def classwise_gradients(
    x: Float[Tensor, "n i"], g: Float[Tensor, "n o"], sizes: Sequence[int]
) -> Float[Tensor, "G i o"]:
    """∇_W L_c = X_cᵀ G_c / n_c of one layer for every class c; Z_cᵀ P_c / n_c where the relay is linear.

    L_c is the mean cross-entropy over the nodes of class c, so only their rows of G count; Z itself is
    propagated from nodes of all classes. The bias' gradient, one number a column, has no direction to match
    and is left out.

    Args:
        x: the layer's input, rows ordered by class; may require a gradient.
        g: the gradient of the summed loss at the layer's output, on the same rows; see
            `models.relays.linear.Relay.layers`.
        sizes: n_c, the number of rows of each class; the gradient of a class without rows is 0.
    """
    count = torch.tensor(sizes, device=x.device)
    share = g / count.repeat_interleave(count).unsqueeze(1)
    products = _ClassProducts.apply(x, share, list(sizes))
    assert isinstance(products, Tensor)
    return products.transpose(1, 2)


class _ClassProducts(torch.autograd.Function):
    """G_cᵀ X_c of each class [G, o, i]; with S_c = ∂L/∂(G_cᵀ X_c), ∂L/∂X_c = G_c S_c, ∂L/∂G_c = X_c S_cᵀ.

    Autograd computes the same in several steps and with a copy of X for each class.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, g: Tensor, sizes: list[int]) -> Tensor:  # pyright: ignore
        ctx.save_for_backward(x, g)
        ctx.sizes = sizes
        products = x.new_empty(len(sizes), g.size(1), x.size(1))
        for out, a, b in zip(products, x.split(sizes), g.split(sizes), strict=True):
            torch.mm(b.T, a, out=out)
        return products

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:  # pyright: ignore
        x, g = ctx.saved_tensors
        to_x, to_g = x.new_empty(x.shape), g.new_empty(g.shape)
        parts = (v.split(ctx.sizes) for v in (x, g, to_x, to_g))
        for s, a, b, out_x, out_g in zip(grad, *parts, strict=True):
            torch.mm(b, s, out=out_x)
            torch.mm(a, s.T, out=out_g)
        return to_x, to_g, None
