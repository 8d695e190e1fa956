"""What SGDD adds to the matching loss: the distance to the whole structure, and smooth labels."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from condense.methods.sgdd.structure import StructureDistance

EPSILON = 1e-8
"""Added to degrees (authors' code)."""


class BroadcastTerms(nn.Module):
    """α W(A, A') + β tr(Y'ᵀ L'_n Y'), the first while edges are updated, the second always.

    Args:
        structure: W; None leaves it out.
        target: Y', one-hot.
        weight: α.
        smoothness: β.
    """

    def __init__(
        self,
        structure: StructureDistance | None,
        target: Float[Tensor, "n C"],
        weight: float,
        smoothness: float,
    ) -> None:
        super().__init__()
        self.structure, self.target = structure, target
        self.weight, self.smoothness = weight, smoothness

    def forward(self, adjacency: Float[Tensor, "n n"], moves_edges: bool) -> Float[Tensor, ""]:
        """See `condense.methods.gcond.synthesis.Terms`."""
        loss = self.smoothness * label_roughness(adjacency, self.target)
        if self.structure is not None and moves_edges:
            loss = loss + self.weight * self.structure(adjacency)
        return loss


def label_roughness(
    adjacency: Float[Tensor, "n n"], target: Float[Tensor, "n C"]
) -> Float[Tensor, ""]:
    """tr(Yᵀ D^{-1/2} (D − A) D^{-1/2} Y) = ½ Σ_ij a_ij ‖y_i/√d_i − y_j/√d_j‖².

    D^{-1/2} is that of D + ε, as in the authors' code: isolated nodes add 0.

    Args:
        adjacency: A, symmetric, not negative, without self-loops.
        target: Y, one-hot.
    """
    degree = adjacency.sum(dim=1)
    scale = (degree + EPSILON).rsqrt()
    alike = scale.unsqueeze(1) * adjacency * scale * (target @ target.T)
    return (degree * scale.square()).sum() - alike.sum()
