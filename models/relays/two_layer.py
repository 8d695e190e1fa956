"""A relay with one hidden layer over meta-path features, with its gradients written out.

In the spirit of SeHGNN (Yang et al., AAAI 2023): propagate once, then dense algebra. With
Z_{p,m} = Â_p Hᵐ side by side, H₁ = relu(Z W₁ + b₁) and f_θ(S) = H₁ W₂ + b₂. For the mean cross-entropy
over a set of n nodes, with P = (softmax(f) − Y)/n and B = (P W₂ᵀ) ⊙ 1(H₁ > 0) on their rows:

    ∇_W₂ = H₁ᵀ P,  ∇_b₂ = 1ᵀ P,  ∇_W₁ = Zᵀ B,  ∇_b₁ = 1ᵀ B,  ∂L/∂Hᵐ at type t = Σ_{p → t} Â_pᵀ B W₁_{p,m}ᵀ.

Between relu's kinks the indicator is a constant, so one backward pass differentiates them again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from models.relays.linear import affine, residual

START_SEED = 0


@dataclass
class TwoLayer:
    """θ = (W₁, b₁, W₂, b₂).

    Attributes:
        hidden_weight: W₁ [D, h], the blocks W₁_{p,m} one below another; best a transposed [h, D].
        hidden_bias: b₁ [h].
        weight: W₂ [h, C]; best a transposed [C, h].
        bias: b₂ [C].
    """

    hidden_weight: Tensor
    hidden_bias: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def draw(
        cls, width: int, hidden: int, num_classes: int, generator: torch.Generator, like: Tensor
    ) -> TwoLayer:
        """W₁ ~ N(0, 2/D) (He et al., ICCV 2015), W₂ ~ N(0, 1/h), b = 0, in the dtype and on the device of
        `like`.
        """

        def normal(rows: int, columns: int) -> Tensor:
            drawn = torch.randn(
                rows, columns, generator=generator, dtype=like.dtype, device=like.device
            )
            return drawn.T.contiguous().T

        first, last = normal(width, hidden), normal(hidden, num_classes)
        return cls(
            first * (2 / width) ** 0.5,
            like.new_zeros(hidden),
            last / hidden**0.5,
            like.new_zeros(num_classes),
        )

    @classmethod
    def start(cls, width: int, hidden: int, num_classes: int, like: Tensor) -> TwoLayer:
        """An untrained relay: W₂ = 0, and W₁ always the same draw, since zeros could not learn."""
        generator = torch.Generator(like.device).manual_seed(START_SEED)
        drawn = cls.draw(width, hidden, num_classes, generator, like)
        return replace(drawn, weight=torch.zeros_like(drawn.weight))

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """(W₁, W₂)."""
        return (self.hidden_weight, self.weight)

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """(b₁, b₂)."""
        return (self.hidden_bias, self.bias)

    def tensors(self) -> dict[str, Tensor]:
        """See `Relay`."""
        return {
            "hidden_weight": self.hidden_weight,
            "hidden_bias": self.hidden_bias,
            "weight": self.weight,
            "bias": self.bias,
        }

    def logits(self, z: Float[Tensor, "n D"]) -> Float[Tensor, "n C"]:
        """relu(Z W₁ + b₁) W₂ + b₂."""
        return affine(self._hidden(z), self.weight, self.bias)

    def layers(
        self, z: Float[Tensor, "n D"], target: Float[Tensor, "n C"]
    ) -> tuple[tuple[Tensor, Tensor], ...]:
        """((Z, B), (H₁, P)), of the summed loss: without the division by n; see `Relay`."""
        h = self._hidden(z)  # [n, h]
        p = residual(affine(h, self.weight, self.bias), target)  # [n, C]
        b = (p @ self.weight.T) * (h > 0)  # [n, h]
        return ((z, b), (h, p))

    def redrawn(self, generator: torch.Generator) -> TwoLayer:
        """See `Relay`."""
        width, hidden = self.hidden_weight.shape
        return TwoLayer.draw(width, hidden, len(self.bias), generator, self.weight)

    def made_of(self, tensors: Iterable[Tensor]) -> TwoLayer:
        """See `Relay`."""
        return TwoLayer(*tensors)

    def copy(self) -> TwoLayer:
        """See `Relay`."""
        return self.made_of(x.clone() for x in self.tensors().values())

    def _hidden(self, z: Float[Tensor, "n D"]) -> Float[Tensor, "n h"]:
        return affine(z, self.hidden_weight, self.hidden_bias).relu()
