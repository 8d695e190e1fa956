"""Classes for the unlabelled nodes, guessed from the labelled ones by ridge regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

RIDGES = tuple(10.0**k for k in range(-4, 3))  # λ, relative to the mean squared row norm.


@dataclass(frozen=True)
class Ridge:
    """Ŷ = Z W + b.

    Attributes:
        weight: W [D, C].
        bias: b [C].
        val_accuracy: of the λ that was chosen.
    """

    weight: Tensor
    bias: Tensor
    val_accuracy: float


def guess(
    z: Float[Tensor, "n D"],
    train: tuple[Tensor, Tensor],
    val: tuple[Tensor, Tensor],
    num_classes: int,
) -> Ridge:
    """A ridge classifier whose λ no neighbour on the grid beats in validation accuracy.

    W = (XᵀX + λI)⁻¹Xᵀ(Y − ȳ) on centred training rows X, through the smaller of the two Gram
    matrices. From the middle of the grid λ grows while accuracy does; where it cannot, it shrinks
    likewise. Each λ that is tried costs one factorisation.

    Args:
        z: meta-path features.
        train: rows and classes to learn from.
        val: rows and classes to choose λ by.
        num_classes: C.
    """
    rows, classes = train
    one_hot = torch.nn.functional.one_hot(classes, num_classes).to(z.dtype)
    center, mean = z[rows].mean(dim=0), one_hot.mean(dim=0)
    x, y, x_val = z[rows] - center, one_hot - mean, z[val[0]] - center
    dual = x.size(0) <= x.size(1)
    gram = x @ x.T if dual else x.T @ x
    size = float(x.square().sum() / x.size(0))
    right = y if dual else x.T @ y

    def solve(place: int) -> Ridge | None:
        """With the λ at this place of the grid; None if it is too little for this precision."""
        shifted = gram.clone()
        shifted.diagonal().add_(RIDGES[place] * size)
        factor, failed = torch.linalg.cholesky_ex(shifted)
        if failed:
            return None
        solved = torch.cholesky_solve(right, factor)
        weight = x.T @ solved if dual else solved
        reached = float(((x_val @ weight + mean).argmax(dim=1) == val[1]).double().mean())
        return Ridge(weight, mean - center @ weight, reached)

    return _climb(solve, len(RIDGES))


def _climb(solve: Callable[[int], Ridge | None], count: int) -> Ridge:
    """The best on the way uphill from the middle, or from the next larger λ that can be solved."""
    start = count // 2
    while (best := solve(start)) is None:
        start += 1
        assert start < count  # The largest λ outweighs any rounding.
    for step in (1, -1):
        place = start + step
        while 0 <= place < count:
            found = solve(place)
            if found is None or found.val_accuracy <= best.val_accuracy:
                break
            best, place = found, place + step
        if place != start + step:
            break  # It went up on this side: the other side begins lower.
    return best
