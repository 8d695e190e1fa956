"""A linear teacher: ridge regression of one-hot classes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from condense.clustering.teachers.training_data import Teacher, TrainingData

RIDGES = tuple(10.0**k for k in range(-4, 3))  # λ, relative to the mean squared row norm.


def ridge(data: TrainingData) -> Teacher:
    """Ŷ = Z W + b, with a λ that no neighbour on the grid beats in validation accuracy.

    W = (XᵀX + λI)⁻¹Xᵀ(Y − ȳ) on centred training rows X, through the smaller of the two Gram
    matrices. From the middle of the grid λ grows while accuracy does; where it cannot, it shrinks
    likewise. Each λ that is tried costs one factorisation. Constant features give W = 0 and b = ȳ.
    """
    one_hot = torch.nn.functional.one_hot(data.y, data.num_classes).to(data.z.dtype)
    center, mean = data.z.mean(dim=0), one_hot.mean(dim=0)
    x, y, x_val = data.z - center, one_hot - mean, data.z_val - center
    dual = x.size(0) <= x.size(1)
    gram = x @ x.T if dual else x.T @ x
    size = float(x.square().sum() / x.size(0))
    info = torch.finfo(x.dtype)
    if size < info.tiny / info.eps:  # Constant features, or squares below what floats resolve.
        reached = float((mean.argmax() == data.y_val).double().mean())
        return Teacher(torch.zeros_like(x.T @ y), mean, reached)
    right = y if dual else x.T @ y

    def solve(place: int) -> Teacher | None:
        """The teacher for one λ of the grid; None if λ is too small for this precision."""
        shifted = gram.clone()
        shifted.diagonal().add_(RIDGES[place] * size)
        factor, failed = torch.linalg.cholesky_ex(shifted)
        if failed:
            return None
        solved = torch.cholesky_solve(right, factor)
        weight = x.T @ solved if dual else solved
        reached = float(((x_val @ weight + mean).argmax(dim=1) == data.y_val).double().mean())
        return Teacher(weight, mean - center @ weight, reached)

    return _climb(solve, len(RIDGES))


def _climb(solve: Callable[[int], Teacher | None], count: int) -> Teacher:
    """The best teacher on the way uphill from the middle of the grid, or the next larger λ that works."""
    start = count // 2
    while (best := solve(start)) is None:
        start += 1
        assert start < count  # The largest λ outweighs any rounding.
    for step in (1, -1):
        place = start + step
        while 0 <= place < count:
            candidate = solve(place)
            if candidate is None or candidate.val_accuracy <= best.val_accuracy:
                break
            best, place = candidate, place + step
        if place != start + step:
            break  # Accuracy rose on this side, so the other side starts lower.
    return best
