"""The protocol of relays, their training, and the linear relay, with its gradients written out.

f_θ(S) = Σ_{p,m} Z_{p,m} W_{p,m} + b = Z W + b, with Z_{p,m} = Â_p Hᵐ side by side. For the mean
cross-entropy over a set of n nodes, with P = (softmax(f) − Y)/n on their rows:

    ∇_W = Zᵀ P,    ∇_b = 1ᵀ P,    ∂L/∂Hᵐ at type t = Σ_{p → t} Â_pᵀ P W_{p,m}ᵀ.

They are ordinary expressions of Z, so one backward pass differentiates them again.

C is small and D large. Wᵀ [C, D] lies in memory row by row, and products are formed as Wᵀ Zᵀ and Pᵀ Z, which
the CPU's matrix products like better than Z W and Zᵀ P. Other relays do the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from models.relays.adam import Adam


@runtime_checkable
class Relay(Protocol):
    """θ of a relay: layers x ↦ x W_l + b_l, the first on Z [n, D], the last to C logits."""

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """W_l of each layer, best a transposed one; the rows of the first are the D dimensions of Z."""
        ...

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """b_l of each layer."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Each W_l and its b_l, by name, the first layer first."""
        ...

    def logits(self, z: Float[Tensor, "n D"]) -> Float[Tensor, "n C"]:
        """f_θ(Z)."""
        ...

    def layers(
        self, z: Float[Tensor, "n D"], target: Float[Tensor, "n C"]
    ) -> tuple[tuple[Tensor, Tensor], ...]:
        """Each layer's input X_l [n, ·] and, at its output, the gradient G_l [n, ·] of the summed loss.

        A row of G_l is the gradient of that row's cross-entropy alone, so that over any rows of interest
        ∇W_l = X_lᵀ G_l and ∇b_l = 1ᵀ G_l. Differentiable in z by one ordinary backward pass.

        Args:
            z: meta-path features.
            target: Y, one-hot or soft.
        """
        ...

    def redrawn(self, generator: torch.Generator) -> Relay:
        """A relay of the same shape with newly drawn parameters."""
        ...

    def made_of(self, tensors: Iterable[Tensor]) -> Relay:
        """A relay of the same kind that consists of these `tensors`."""
        ...

    def copy(self) -> Relay:
        """A copy in tensors of its own."""
        ...


@dataclass
class Parameters:
    """θ = (W, b) of the linear relay.

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
    def start(cls, width: int, hidden: int, num_classes: int, like: Tensor) -> Parameters:
        """W = 0, b = 0: an untrained relay; `hidden` is for relays that have hidden units."""
        return cls(like.new_zeros(num_classes, width).T, like.new_zeros(num_classes))

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """(W,)."""
        return (self.weight,)

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """(b,)."""
        return (self.bias,)

    def tensors(self) -> dict[str, Tensor]:
        """See `Relay`."""
        return {"weight": self.weight, "bias": self.bias}

    def logits(self, z: Float[Tensor, "n D"]) -> Float[Tensor, "n C"]:
        """Z W + b."""
        return affine(z, self.weight, self.bias)

    def layers(
        self, z: Float[Tensor, "n D"], target: Float[Tensor, "n C"]
    ) -> tuple[tuple[Tensor, Tensor], ...]:
        """((Z, softmax(f) − Y),); see `Relay`."""
        return ((z, residual(self.logits(z), target)),)

    def redrawn(self, generator: torch.Generator) -> Parameters:
        """See `Relay`."""
        width, num_classes = self.weight.shape
        return Parameters.draw(width, num_classes, generator, self.weight)

    def made_of(self, tensors: Iterable[Tensor]) -> Parameters:
        """See `Relay`."""
        return Parameters(*tensors)

    def copy(self) -> Parameters:
        """See `Relay`."""
        return Parameters(self.weight.clone(), self.bias.clone())


def affine(
    x: Float[Tensor, "n i"], weight: Float[Tensor, "i o"], bias: Float[Tensor, " o"]
) -> Float[Tensor, "n o"]:
    """X W + b, fast for a W that is a transposed one."""
    return torch.addmm(bias.unsqueeze(1), weight.T, x.T).T


def residual(logits: Float[Tensor, "n C"], target: Float[Tensor, "n C"]) -> Float[Tensor, "n C"]:
    """softmax(logits) − Y: the gradient of each row's cross-entropy; fast where both are transposed."""
    return (logits.T.softmax(dim=0) - target.T).T


def train_relay(
    theta: Relay,
    z: Float[Tensor, "n D"],
    target: Float[Tensor, "n C"],
    steps: int,
    lr: float,
) -> Relay:
    """θ after `steps` of Adam on the mean cross-entropy of (Z, Y); the argument is not changed."""
    # θ and its gradient are one tensor each, so that Adam takes one pass and not one a part.
    flat, theta = packed(theta)
    gradient = torch.empty_like(flat)
    slope = _views(gradient, theta)
    slopes = list(zip(slope.weights, slope.biases, strict=True))
    target = target.T.contiguous().T  # As the logits lie.
    adam = Adam([flat], lr)
    for _ in range(steps):
        for (x, g), (to_weight, to_bias) in zip(theta.layers(z, target), slopes, strict=True):
            mean = g / z.size(0)
            torch.mm(mean.T, x, out=to_weight.T)
            torch.sum(mean, dim=0, out=to_bias)
        adam.step([gradient])
    return theta


def packed(theta: Relay) -> tuple[Float[Tensor, " k"], Relay]:
    """A copy of θ in one tensor, and the relay that lies in it.

    Trained relays lie so. Equal numbers that lie elsewhere may be rounded in another way.
    """
    flat = torch.cat([x.t().flatten() for x in theta.tensors().values()])
    return flat, _views(flat, theta)


def _views(flat: Float[Tensor, " k"], like: Relay) -> Relay:
    """A relay of the shape of `like` in views of `flat`: its tensors in turn, row by row of each W_lᵀ."""
    shapes = [x.t().shape for x in like.tensors().values()]
    parts = flat.split([shape.numel() for shape in shapes])
    return like.made_of(x.view(shape).t() for x, shape in zip(parts, shapes, strict=True))
