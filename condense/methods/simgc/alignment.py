"""The parts of SimGC's loss: moments of classes, and smoothness along edges."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

SMALLEST = 1e-12
"""Variances below this count as this: a root has no slope at 0."""


@dataclass(frozen=True)
class Moments:
    """Means and standard deviations of the classes.

    Attributes:
        mean: μ_c [C, D]; 0 for a class without nodes.
        deviation: σ_c [C, D], unbiased.
        several: whether a class has at least two nodes, and so a deviation.
    """

    mean: Float[Tensor, "C D"]
    deviation: Float[Tensor, "C D"]
    several: Float[Tensor, " C"]

    @classmethod
    def of(cls, h: Float[Tensor, "n D"], y: Int[Tensor, " n"], num_classes: int) -> Moments:
        """The moments of the rows of each class."""
        count = torch.bincount(y, minlength=num_classes).to(h)
        member = torch.nn.functional.one_hot(y, num_classes).T.to(h.dtype)  # [C, n]
        mean = (member @ h) / count.clamp_min(1).unsqueeze(1)
        squares = member @ (h - mean[y]).square()
        variance = squares / (count - 1).clamp_min(1).unsqueeze(1)
        return cls(mean, variance.clamp_min(SMALLEST).sqrt(), (count >= 2).to(h.dtype))


def misalignment(
    condensed: Moments, whole: Moments, share: Float[Tensor, " C"]
) -> Float[Tensor, ""]:
    """L_rep = Σ_c r_c ( ‖μ'_c − μ_c‖² + ‖σ'_c − σ_c‖² ) / D.

    Deviations are compared in classes that have two nodes in both graphs.

    Args:
        condensed: μ', σ'.
        whole: μ, σ.
        share: r_c = n'_c / n'.
    """
    of_means = (condensed.mean - whole.mean).square().mean(dim=1)
    of_deviations = (condensed.deviation - whole.deviation).square().mean(dim=1)
    return (share * (of_means + condensed.several * whole.several * of_deviations)).sum()


def roughness(x: Float[Tensor, "n d"], a: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    """L_smt = − Σ_ij a_ij k(x_i, x_j) / Σ_ij a_ij with k(x_i, x_j) = mean_d exp(−(x_id − x_jd)² / 2).

    Between −1, where neighbours are alike, and 0, which it is without edges.

    Args:
        x: features.
        a: symmetric weights, not negative.
    """
    row, column = a.detach().triu(1).nonzero(as_tuple=True)
    if not len(row):
        return x.sum() * 0
    weight = a[row, column]
    alike = torch.exp(-0.5 * (x[row] - x[column]).square()).mean(dim=1)
    return -(weight @ alike) / weight.sum()
