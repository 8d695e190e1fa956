"""The adjacency of a condensed graph as a function of its features (Jin et al., ICLR 2022, equation 6)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.seeding import seeded

WIDTH = 128
"""Units of each of the two hidden layers, as in the authors' code."""


class PairMLP(nn.Module):
    """A'_ij = σ( (MLP([x_i; x_j]) + MLP([x_j; x_i])) / 2 ) for i ≠ j, and A'_ii = 0.

    Two hidden layers with batch norm over all pairs. The first layer is linear in each half of a pair,
    W [x_i; x_j] = W_a x_i + W_b x_j, so it is applied to nodes and not to pairs: with n' nodes of d features
    it costs n' d instead of n'² d.

    Args:
        width: d.
        generator: seeds the initialisation.
        like: dtype and device.
    """

    def __init__(self, width: int, generator: torch.Generator, like: Tensor) -> None:
        super().__init__()
        seed = torch.randint(2**62, (), generator=generator, device=generator.device)
        with seeded(int(seed)):
            self.first = nn.Linear(2 * width, WIDTH)
            self.first_norm = nn.BatchNorm1d(WIDTH)
            self.second = nn.Linear(WIDTH, WIDTH)
            self.second_norm = nn.BatchNorm1d(WIDTH)
            self.last = nn.Linear(WIDTH, 1)
        self.to(like)

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
        """A', symmetric, between 0 and 1, without self-loops; differentiable in x and in the parameters."""
        n = len(x)
        left, right = self.first.weight.split(x.size(1), dim=1)
        ahead = torch.addmm(self.first.bias, x, left.T)  # [n, WIDTH]
        h = ahead.unsqueeze(1) + (x @ right.T).unsqueeze(0)  # [n, n, WIDTH]
        h = self.first_norm(h.view(n * n, WIDTH)).relu()
        h = self.second_norm(self.second(h)).relu()
        score = self.last(h).view(n, n)
        a = torch.sigmoid((score + score.T) / 2)
        return a - torch.diag(a.diagonal())


def normalised(a: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """D^{-1/2} (I + A) D^{-1/2} of a dense A that is not negative."""
    looped = a + torch.eye(len(a), dtype=a.dtype, device=a.device)
    scale = looped.sum(dim=1).rsqrt()
    return scale.unsqueeze(1) * looped * scale
