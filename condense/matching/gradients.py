"""Class-wise gradients of the relay's parameters."""

from __future__ import annotations

from collections.abc import Sequence

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
        sizes: n_c, how many rows belong to each class.
    """
    parts = zip(z.split(list(sizes)), p.split(list(sizes)), strict=True)
    return torch.stack([gradient(*part).T for part in parts]).transpose(1, 2)


def gradient(z: Float[Tensor, "n D"], p: Float[Tensor, "n C"]) -> Float[Tensor, "D C"]:
    """∇_W L = Zᵀ P / n of the mean loss over these nodes, a transposed [C, D]; 0 without a node."""
    return ((p / max(len(p), 1)).T @ z).T
