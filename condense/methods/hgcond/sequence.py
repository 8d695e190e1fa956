"""Orthogonal sequences of initial parameters (OPS), HGCond's way to explore the relay's parameters."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


class OrthogonalSequence:
    """Initialisations of a matrix W [d, m] of which m in a row are orthogonal, in each of its rows.

    For each input dimension i an orthogonal Q_i [m, m] is drawn, uniformly; the j-th initialisation has the
    j-th row of Q_i for its row i. After m of them new Q_i are drawn.

    Attributes:
        basis: Q [d, m, m]; changed in place.

    Args:
        like: W.
    """

    def __init__(self, like: Float[Tensor, "d m"]) -> None:
        width, outputs = like.shape
        self.basis = like.new_zeros(width, outputs, outputs)

    def at(self, number: int, generator: torch.Generator) -> Float[Tensor, "d m"]:
        """The initialisation of this number, from 0; they are asked for one after another."""
        place = number % self.basis.size(1)
        if place == 0:
            drawn = torch.randn(
                self.basis.shape, generator=generator, dtype=self.basis.dtype,
                device=self.basis.device,
            )  # fmt: skip
            q, r = torch.linalg.qr(drawn)
            # With a positive diagonal of R the distribution is uniform (Mezzadri 2007).
            self.basis.copy_(q * r.diagonal(dim1=1, dim2=2).sign().unsqueeze(1))
        return self.basis[:, place]


class RandomSequence:
    """Initialisations of a matrix W [d, m] with independent rows of unit length on average.

    Args:
        like: W.
    """

    def __init__(self, like: Float[Tensor, "d m"]) -> None:
        self.basis = like.new_zeros(0)
        self.like = like

    def at(self, number: int, generator: torch.Generator) -> Float[Tensor, "d m"]:
        """Another initialisation."""
        drawn = torch.randn(
            self.like.shape, generator=generator, dtype=self.like.dtype, device=self.like.device
        )
        return drawn / self.like.size(1) ** 0.5


SEQUENCES = {"orthogonal": OrthogonalSequence, "random": RandomSequence}
