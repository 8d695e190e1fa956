"""The relay whose gradients are matched: SGC, one linear layer on propagated features."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from condense.methods.srgm.matching.gradients import classwise_gradients
from models.relays.adam import Adam
from models.relays.linear import affine, residual


class SGCRelay:
    """f(Z) = Z W + b, drawn as in the authors' code: W and b uniform in ± 1/√d.

    Args:
        width: d.
        num_classes: C.
        lr: learning rate of Adam.
        generator: draws W and b.
        like: dtype and device.
    """

    def __init__(
        self, width: int, num_classes: int, lr: float, generator: torch.Generator, like: Tensor
    ) -> None:
        bound = width**-0.5
        # One tensor, so that a step takes one product and Adam one pass.
        self.theta = like.new_empty(num_classes, width + 1)  # [Wᵀ b]
        self.theta.uniform_(-bound, bound, generator=generator)
        self.weight, self.bias = self.theta[:, :-1], self.theta[:, -1]
        self.adam = Adam([self.theta], lr)

    def residual(
        self, z: Float[Tensor, "n d"], target: Float[Tensor, "n C"]
    ) -> Float[Tensor, "n C"]:
        """softmax(f(Z)) − Y, the gradient of each node's cross-entropy at its logits."""
        return residual(affine(z, self.weight.T, self.bias), target)

    @torch.no_grad()
    def train(self, z: Float[Tensor, "n d"], target: Float[Tensor, "n C"], steps: int) -> None:
        """Steps of Adam on the mean cross-entropy of (Z, Y), on from the last ones."""
        inputs = torch.cat([z, z.new_ones(len(z), 1)], dim=1)  # [n, d + 1]
        share = target.T / len(z)
        gradient = torch.empty_like(self.theta)
        for _ in range(steps):
            slope = (self.theta @ inputs.T).softmax(dim=0).div_(len(z)).sub_(share)  # [C, n]
            self.adam.step([torch.mm(slope, inputs, out=gradient)])

    def gradients(
        self, z: Float[Tensor, "n d"], target: Float[Tensor, "n C"], sizes: list[int]
    ) -> Float[Tensor, "G d C"]:
        """∇_W L_c = Z_cᵀ (softmax(f(Z_c)) − Y_c) / n_c of each class c; differentiable in Z.

        The bias' gradient is left out, as in the authors' distance over columns.

        Args:
            z: propagated features, class by class.
            target: Y, one-hot.
            sizes: n_c.
        """
        return classwise_gradients(z, self.residual(z, target), sizes)
