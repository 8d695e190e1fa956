"""The SGC that is trained on the whole graph and guides the condensed one."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.relays.adam import Adam
from models.relays.linear import Relay

CHECK_EVERY = 50
"""Steps between two validations, as in the authors' code."""


def trained(
    start: Relay,
    train: tuple[Float[Tensor, "k d"], Int[Tensor, " k"]],
    val: tuple[Float[Tensor, "v d"], Int[Tensor, " v"]],
    num_classes: int,
    steps: int,
    lr: float,
) -> tuple[Relay, float]:
    """The teacher that is right on most validation nodes, of one every 50 steps, and its accuracy there.

    Args:
        start: the untrained teacher; not changed.
        train: propagated features and classes of the training nodes.
        val: those of the validation nodes; without any, the last teacher is taken.
        num_classes: C.
        steps: of Adam on the mean cross-entropy.
        lr: of Adam.
    """
    z, y = train
    target = torch.nn.functional.one_hot(y, num_classes).to(z.dtype)
    theta = start.copy()
    adam = Adam(list(theta.tensors().values()), lr)
    best, most = theta.copy(), -1.0
    for step in range(1, steps + 1):
        gradients = []
        for x, g in theta.layers(z, target):
            gradients += [x.T @ g / len(y), g.mean(dim=0)]
        adam.step(gradients)
        if step % CHECK_EVERY and step != steps:
            continue
        right = float((theta.logits(val[0]).argmax(dim=1) == val[1]).double().mean())
        if not right <= most:  # Also where there is no validation node.
            best, most = theta.copy(), right
    return best, most
