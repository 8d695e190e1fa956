"""Class-wise gradients of the relay's parameters."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.relay import Relay


def classwise_gradients(
    theta: Relay,
    z: Float[Tensor, "n D"],
    target: Float[Tensor, "n C"],
    group: Int[Tensor, " n"],
    num_classes: int,
) -> tuple[Float[Tensor, "G _ _"], ...]:
    """∇_W L_c = Xᵀ G_c of every layer, for every class c at once; Zᵀ P_c where the relay is linear.

    L_c is the mean cross-entropy over the nodes of class c; P_c = (softmax(f) − Y)/n_c on their rows and
    zero elsewhere, and so is each layer's G_c. All rows enter Z, whatever their class. A class without
    a node gives 0. The bias' gradient, one number a column, has no direction to match and is left out.

    Args:
        theta: the relay's parameters.
        z: meta-path features; may require a gradient.
        target: Y, one-hot or soft.
        group: the class c under which each node's loss is counted.
        num_classes: how many groups there are.

    Returns:
        A tensor [G, rows of W_l, columns of W_l] for each layer.
    """
    counts = torch.bincount(group, minlength=num_classes).clamp_min(1)
    layers = theta.layers(z, target, counts[group].unsqueeze(1))
    # Each class multiplies its own rows only, so the cost is that of one product Xᵀ G, not of C. Rows
    # that stand in the order of their classes, as in a condensed graph, are not copied.
    if bool((group[1:] < group[:-1]).any()):
        order = group.argsort(stable=True)
        layers = tuple((x[order], g[order]) for x, g in layers)
    sizes = torch.bincount(group, minlength=num_classes).tolist()
    return tuple(
        torch.stack([a.T @ b for a, b in zip(x.split(sizes), g.split(sizes), strict=True)])
        for x, g in layers
    )
