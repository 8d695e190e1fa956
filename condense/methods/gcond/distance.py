"""Distances between the class-wise gradients of two graphs."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-6
"""Added to the product of two norms, as in the authors' code; columns that are much shorter do not count."""

Distance = Callable[[Tensor, Tensor], Tensor]


def by_columns(
    condensed: Float[Tensor, "G d C"], whole: Float[Tensor, "G d C"]
) -> Float[Tensor, " G"]:
    """Σ_j ( 1 − G_j · T_j / (‖G_j‖ ‖T_j‖ + ε) ) of each class (Jin et al., ICLR 2022, equation 5).

    j runs over columns. One that vanishes on either graph counts as 1.

    Args:
        condensed: G, ∇_W L_c of each class on the condensed graph.
        whole: T, the same on the whole graph.
    """
    dot = (condensed * whole).sum(dim=1)  # [G, C]
    norms = condensed.norm(dim=1) * whole.norm(dim=1)
    return (1 - dot / (norms + EPSILON)).sum(dim=1)


def squared(
    condensed: Float[Tensor, "G d C"], whole: Float[Tensor, "G d C"]
) -> Float[Tensor, " G"]:
    """‖G − T‖² of each class, `mse` in the authors' code; arguments as above."""
    return (condensed - whole).square().sum(dim=(1, 2))


DISTANCES: dict[str, Distance] = {"columns": by_columns, "mse": squared}
