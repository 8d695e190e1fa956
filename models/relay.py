"""What a relay is, how it is trained, and the linear one over meta-paths, with its gradients written out.

f_θ(S) = Σ_{p,m} Z_{p,m} W_{p,m} + b = Z W + b, with Z_{p,m} = Â_p Hᵐ side by side. For the mean
cross-entropy over a set of n nodes, with P = (softmax(f) − Y)/n on their rows:

    ∇_W = Zᵀ P,    ∇_b = 1ᵀ P,    ∂L/∂Hᵐ at type t = Σ_{p → t} Â_pᵀ P W_{p,m}ᵀ.

They are ordinary expressions of Z, so one backward pass differentiates them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class Relay(Protocol):
    """θ of a relay: layers h ↦ h W_l + b_l, the first on Z [n, D], the last to C logits."""

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """W_l of each layer; the rows of the first are the D dimensions of Z."""
        ...

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """b_l of each layer."""
        ...

    def logits(self, z: Float[Tensor, "n D"]) -> Float[Tensor, "n C"]:
        """f_θ(Z)."""
        ...

    def layers(
        self, z: Float[Tensor, "n D"], target: Float[Tensor, "n C"], count: int | Tensor
    ) -> tuple[tuple[Tensor, Tensor], ...]:
        """Each layer's input X_l [n, ·] and the gradient G_l [n, ·] at its output.

        Of Σ_i (cross-entropy of row i) / count_i, so that ∇W_l = X_lᵀ G_l and ∇b_l = 1ᵀ G_l, over any rows
        that are wanted. Differentiable in z by one ordinary backward pass.

        Args:
            z: meta-path features.
            target: Y, one-hot or soft.
            count: what each row's loss is divided by: a number, or [n, 1].
        """
        ...

    def redrawn(self, generator: torch.Generator) -> Relay:
        """A relay of the same shape, drawn anew."""
        ...

    def copy(self) -> Relay:
        """The same numbers in tensors of their own."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Each W_l and its b_l, by name, the first layer first."""
        ...


@dataclass
class Parameters:
    """θ = (W, b) of the linear relay.

    Attributes:
        weight: W [D, C], the blocks W_{p,m} one below another.
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
        return cls(weight / width**0.5, weight.new_zeros(num_classes))

    @classmethod
    def start(cls, width: int, hidden: int, num_classes: int, like: Tensor) -> Parameters:
        """W = 0, b = 0: a relay that knows nothing; `hidden` is for relays that have hidden units."""
        return cls(like.new_zeros(width, num_classes), like.new_zeros(num_classes))

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """(W,)."""
        return (self.weight,)

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """(b,)."""
        return (self.bias,)

    def logits(self, z: Float[Tensor, "n D"]) -> Float[Tensor, "n C"]:
        """Z W + b."""
        return torch.addmm(self.bias, z, self.weight)

    def layers(
        self, z: Float[Tensor, "n D"], target: Float[Tensor, "n C"], count: int | Tensor
    ) -> tuple[tuple[Tensor, Tensor], ...]:
        """((Z, P),); see `Relay`."""
        return ((z, residual(self.logits(z), target) / count),)

    def redrawn(self, generator: torch.Generator) -> Parameters:
        """See `Relay`."""
        width, num_classes = self.weight.shape
        return Parameters.draw(width, num_classes, generator, self.weight)

    def copy(self) -> Parameters:
        """See `Relay`."""
        return Parameters(self.weight.clone(), self.bias.clone())

    def tensors(self) -> dict[str, Tensor]:
        """See `Relay`."""
        return {"weight": self.weight, "bias": self.bias}


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
    theta: Relay,
    z: Float[Tensor, "n D"],
    target: Float[Tensor, "n C"],
    steps: int,
    lr: float,
    weight_decay: float = 0.0,
) -> Relay:
    """θ after `steps` of Adam on the mean cross-entropy of (Z, Y); the argument is not changed."""
    theta = theta.copy()
    adam = Adam(list(theta.tensors().values()), lr)
    for _ in range(steps):
        gradients = []
        for (x, g), w in zip(theta.layers(z, target, z.size(0)), theta.weights, strict=True):
            gradients += [x.T @ g + weight_decay * w, g.sum(dim=0)]
        adam.step(gradients)
    return theta
