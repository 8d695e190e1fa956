"""The weighted edges of several sparse graphs as a function of the features that they share."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from condense.methods.homogeneous.pair_mlp import PairMLP


class SparseGraphs(nn.Module):
    """A' = M ∘ (P W Pᵀ) with W = MLP(X'): the links of M, weighted by the distinct nodes at their ends.

    A pair of distinct nodes has the same weight in every graph that links it.

    Args:
        mlp: W.
        member: P, the distinct node of each condensed node, as one-hot rows.
        linked: M, symmetric, zero on the diagonal and between graphs.
    """

    member: Tensor
    linked: Tensor

    def __init__(
        self, mlp: PairMLP, member: Float[Tensor, "n k"], linked: Float[Tensor, "n n"]
    ) -> None:
        super().__init__()
        self.mlp = mlp
        self.register_buffer("member", member)
        self.register_buffer("linked", linked)

    def forward(self, x: Float[Tensor, "k d"]) -> Float[Tensor, "n n"]:
        """A', differentiable in the features of the distinct nodes and in the MLP's parameters."""
        return self.linked * (self.member @ self.mlp(x) @ self.member.T)
