"""The linear meta-path relay, with its gradients written out.

f_θ(S) = Σ_{p,m} Z_{p,m} W_{p,m} + b = Z W + b, with Z_{p,m} = Â_p Hᵐ side by side. For the mean
cross-entropy over a set of n nodes, with P = (softmax(f) − Y)/n on their rows:

    ∇_W = Zᵀ P,    ∇_b = 1ᵀ P,    ∂L/∂Hᵐ at type t = Σ_{p → t} Â_pᵀ P W_{p,m}ᵀ.

They are ordinary expressions of Z, so one backward pass differentiates them again.

C is small and D large. Wᵀ [C, D] lies in memory row by row, and products are formed as Wᵀ Zᵀ and Pᵀ Z, which
the CPU's matrix products run three to eight times as fast as Z W and Zᵀ P.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass
class Parameters:
    """θ = (W, b) of the relay.

    Attributes:
        weight: W [D, C], the blocks W_{p,m} one below another; best a transposed [C, D].
        bias: b [C].
    """

    weight: Tensor
    bias: Tensor

    @classmethod
    def draw(
        cls, width: int, num_classes: int, generator: torch.Generator, like: Tensor
    ) -> Parameters:
        """W ~ N(0, 1/D), b = 0, in the dtype and on the device of `like`."""
        weight = torch.randn(
            width, num_classes, generator=generator, dtype=like.dtype, device=like.device
        )
        return cls((weight / width**0.5).T.contiguous().T, weight.new_zeros(num_classes))

    @classmethod
    def zeros(cls, width: int, num_classes: int, like: Tensor) -> Parameters:
        """W = 0, b = 0, in the dtype and on the device of `like`."""
        return cls(like.new_zeros(num_classes, width).T, like.new_zeros(num_classes))

    def logits(self, z: Float[Tensor, "n D"]) -> Float[Tensor, "n C"]:
        """Z W + b."""
        return (self.weight.T @ z.T).T + self.bias


def residual(logits: Float[Tensor, "n C"], target: Float[Tensor, "n C"]) -> Float[Tensor, "n C"]:
    """softmax(logits) − Y: the gradient of each row's cross-entropy."""
    return logits.softmax(dim=1) - target


class Adam:
    """Adam on explicitly given gradients (Kingma & Ba, ICLR 2015), without autograd's machinery."""

    def __init__(self, parameters: Sequence[Tensor], lr: float) -> None:
        self.parameters, self.lr, self.step_count = list(parameters), lr, 0
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """One update, in place."""
        self.step_count += 1
        scale1, scale2 = 1 - 0.9**self.step_count, 1 - 0.999**self.step_count
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            m.lerp_(g, 0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            p.addcdiv_(m, (v / scale2).sqrt_().add_(1e-8), value=-self.lr / scale1)


def train_relay(
    theta: Parameters,
    z: Float[Tensor, "n D"],
    target: Float[Tensor, "n C"],
    steps: int,
    lr: float,
    weight_decay: float = 0.0,
) -> Parameters:
    """θ after `steps` of Adam on the mean cross-entropy of (Z, Y); the argument is not changed."""
    # θ and its gradient are one tensor each, [W; b]ᵀ, so that Adam takes one pass and not one a part.
    flat = torch.cat([theta.weight.T.flatten(), theta.bias])
    gradient = torch.empty_like(flat)
    theta, slope = (_parameters(x, theta.weight.shape) for x in (flat, gradient))
    adam = Adam([flat], lr)
    for _ in range(steps):
        p = residual(theta.logits(z), target) / z.size(0)
        torch.mm(p.T, z, out=slope.weight.T)
        torch.sum(p, dim=0, out=slope.bias)
        if weight_decay:
            slope.weight.add_(theta.weight, alpha=weight_decay)
        adam.step([gradient])
    return theta


def _parameters(flat: Float[Tensor, " k"], shape: torch.Size) -> Parameters:
    """Views of `flat` as W [D, C], row by row of Wᵀ, and b [C]."""
    width, classes = shape
    return Parameters(flat[: width * classes].view(classes, width).T, flat[width * classes :])
