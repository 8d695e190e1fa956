"""The adjacency of a condensed graph as a function of its nodes' places and features."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from condense.methods.homogeneous.pair_mlp import EPSILON, WIDTH, standardised_halves
from models.seeding import seeded


class GuidedGraphon(nn.Module):
    """A'_ij = σ( (s_ij + s_ji) / 2 ) for i ≠ j, and A'_ii = 0, with s from two networks of the same layers.

    One reads the features of a pair, the other its places in the unit square of a graphon, t_i = −1 … 1 in
    steps of 2 / (n − 1). The first guides the second, layer by layer:

        F₁ = h([x_i; x_j]),  F₂ = h(F₁),    G₁ = F₁ ⊙ h([t_i; t_j]),  G₂ = F₂ ⊙ h(G₁)
        s_ij = (1 − e) (w · G₂ + c) + e (v · F₂ + b)

    Each h is a linear layer, batch norm over all n² pairs, and a ReLU, with parameters of its own; batch norm
    takes out the biases of these layers, so they have none.

    Args:
        width: d.
        share: e, what features alone have of a score.
        generator: seeds the initialisation.
        like: dtype and device.
    """

    def __init__(self, width: int, share: float, generator: torch.Generator, like: Tensor) -> None:
        super().__init__()
        self.share = share
        seed = torch.randint(2**62, (), generator=generator, device=generator.device)
        with seeded(int(seed)):
            self.features, self.places = _Layers(width), _Layers(1)
        self.to(like)

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
        """A', symmetric, between 0 and 1, without self-loops; differentiable in x and in the parameters."""
        n = len(x)
        places = torch.linspace(-1, 1, n, dtype=x.dtype, device=x.device).unsqueeze(1)
        by_features = self.features.first_of(x)  # F₁ [n², WIDTH]
        guided = by_features * self.places.first_of(places)  # G₁
        by_features = self.features.second_of(by_features)
        guided = by_features * self.places.second_of(guided)
        scores = (1 - self.share) * self.places.last(guided)
        scores = (scores + self.share * self.features.last(by_features)).view(n, n)
        adjacency = torch.sigmoid((scores + scores.T) / 2)
        return adjacency - torch.diag(adjacency.diagonal())


class _Layers(nn.Module):
    """The layers of either network, from pairs of nodes with `width` numbers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(2 * width, WIDTH, bias=False)
        self.first_norm = nn.BatchNorm1d(WIDTH, EPSILON, track_running_stats=False)
        self.second = nn.Linear(WIDTH, WIDTH, bias=False)
        self.second_norm = nn.BatchNorm1d(WIDTH, EPSILON, track_running_stats=False)
        self.last = nn.Linear(WIDTH, 1)

    def first_of(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "pairs h"]:
        """The first layer of all pairs of rows, (0, 0), (0, 1) and so on."""
        a, b = standardised_halves(self.first, self.first_norm, x)
        return (a.unsqueeze(1) + b.unsqueeze(0)).flatten(0, 1).relu()

    def second_of(self, h: Float[Tensor, "pairs h"]) -> Float[Tensor, "pairs h"]:
        return self.second_norm(self.second(h)).relu()
