"""Random relays of distribution matching, and the distance between two graphs' embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass
class EmbeddingRelay:
    """h = relu(z W + b), and logits h V + c for its training. Its tensors are changed in place.

    Attributes:
        weight: W [d, h].
        bias: b [h].
        out_weight: V [h, C].
        out_bias: c [C].
    """

    weight: Tensor
    bias: Tensor
    out_weight: Tensor
    out_bias: Tensor

    @classmethod
    def empty(cls, width: int, hidden: int, num_classes: int, like: Tensor) -> EmbeddingRelay:
        """A relay of zeros, in the dtype and on the device of `like`."""
        shapes = ((width, hidden), (hidden,), (hidden, num_classes), (num_classes,))
        return cls(*(like.new_zeros(shape) for shape in shapes))

    def tensors(self) -> dict[str, Tensor]:
        """All parameters by name."""
        return {
            "weight": self.weight,
            "bias": self.bias,
            "out_weight": self.out_weight,
            "out_bias": self.out_bias,
        }

    def redraw(self, generator: torch.Generator) -> None:
        """W, V ~ U(−√(6 / (in + out)), √(6 / (in + out))) (Glorot & Bengio, AISTATS 2010); b = c = 0."""
        for matrix in (self.weight, self.out_weight):
            bound = (6 / sum(matrix.shape)) ** 0.5
            matrix.uniform_(-bound, bound, generator=generator)
        self.bias.zero_()
        self.out_bias.zero_()

    def embed(self, z: Float[Tensor, "n d"]) -> Float[Tensor, "n h"]:
        """The embeddings h."""
        return torch.addmm(self.bias, z, self.weight).relu()

    def gradients(
        self, z: Float[Tensor, "n d"], y: Int[Tensor, " n"]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Those of the mean cross-entropy on (z, y), in the order of the attributes."""
        h = self.embed(z)
        p = torch.addmm(self.out_bias, h, self.out_weight).softmax(dim=1)
        p[torch.arange(len(y), device=y.device), y] -= 1
        p /= len(y)  # [n, C]
        back = (p @ self.out_weight.T) * (h > 0)  # [n, h]
        return z.T @ back, back.sum(dim=0), h.T @ p, p.sum(dim=0)


def class_shares(y: Int[Tensor, " n"], num_classes: int, like: Tensor) -> Float[Tensor, "C n"]:
    """A row for each class: 1 / n_c at its nodes, so that the product with embeddings gives their means.

    Args:
        y: classes; the row of a class without nodes is zero.
        num_classes: C.
        like: dtype of the result.
    """
    member = torch.nn.functional.one_hot(y, num_classes).T.to(like.dtype)
    return member / member.sum(dim=1, keepdim=True).clamp_min(1)


def mean_distance(
    condensed: Float[Tensor, "C h"], whole: Float[Tensor, "C h"], share: Float[Tensor, " C"]
) -> Float[Tensor, ""]:
    """L = Σ_c r_c ‖μ'_c − μ_c‖² / h.

    Args:
        condensed: μ'_c, mean embeddings of the classes in the condensed graph.
        whole: μ_c, those of the training nodes.
        share: r_c = n'_c / n'.
    """
    return (share * (condensed - whole).square().mean(dim=1)).sum()


def pair_distance(
    condensed: Float[Tensor, "k h"], partners: Float[Tensor, "k h"], share: Float[Tensor, " k"]
) -> Float[Tensor, ""]:
    """L = Σ_i r_{y_i} ‖h'_i − h_i‖₁.

    Args:
        condensed: h'_i, embeddings of the condensed nodes.
        partners: h_i, each of a training node of the same class.
        share: r_{y_i} = n'_c / n' of the node's class.
    """
    return (share * (condensed - partners).abs().sum(dim=1)).sum()
