"""Class-wise gradients of the relay's parameters."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.relay import Parameters, residual


def classwise_gradients(
    theta: Parameters,
    z: Float[Tensor, "n D"],
    target: Float[Tensor, "n C"],
    group: Int[Tensor, " n"],
    num_classes: int,
) -> Float[Tensor, "G D C"]:
    """∇_W L_c = Zᵀ P_c for every class c at once.

    L_c is the mean cross-entropy over the nodes of class c; P_c = (softmax(ZW + b) − Y)/n_c on their
    rows and zero elsewhere. All rows enter Z, whatever their class. A class without a node gives 0.
    The bias' gradient, one number a column, has no direction to match and is left out.

    Args:
        theta: the relay's parameters.
        z: meta-path features; may require a gradient.
        target: Y, one-hot or soft.
        group: the class c under which each node's loss is counted.
        num_classes: how many groups there are.
    """
    p = residual(theta.logits(z), target)
    counts = torch.bincount(group, minlength=num_classes).clamp_min(1)
    p = p / counts[group].unsqueeze(1)
    # Each class multiplies its own rows only, so the cost is that of one product Zᵀ P, not of C. Rows
    # that stand in the order of their classes, as in a condensed graph, are not copied.
    if bool((group[1:] < group[:-1]).any()):
        order = group.argsort(stable=True)
        z, p = z[order], p[order]
    sizes = torch.bincount(group, minlength=num_classes).tolist()
    return torch.stack([a.T @ b for a, b in zip(z.split(sizes), p.split(sizes), strict=True)])
