"""Structural damping: the Dirichlet energy of the gradient field on the condensed graph."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def dirichlet_energy(
    weight: Float[Tensor, "n_dst n_src"],
    at_destination: Float[Tensor, "n_dst d"],
    at_source: Float[Tensor, "n_src d"],
    self_loops: bool = False,
) -> Float[Tensor, ""]:
    """½ Σ_(i,j) w_ij ‖ĝ_i/√d_i − ĝ_j/√d_j‖² over all ordered pairs of one relation.

    Between two types, with D the degrees on either side, it is Σ_i ‖ĝ_i‖² + Σ_j ‖ĝ_j‖² (over nodes
    with an edge) − 2 Σ_ij ŵ_ij ⟨ĝ_i, ĝ_j⟩, ŵ = w/√(d_i d_j), since each edge (i, j) counts in both
    directions. Within one type, where both arguments are the same field, edges are taken as undirected,
    (w + wᵀ)/2, and it is tr(Ĝᵀ L Ĝ) with L = I − D^{-1/2} A D^{-1/2}.

    Neither form has self-loops or an ε in D, so scaling all weights changes nothing and an edgeless graph
    is no minimum that loss of edges approaches; isolated nodes contribute 0.

    Args:
        weight: w ≥ 0, dense.
        at_destination: the field on the destination nodes.
        at_source: the field on the source nodes; the same tensor within one type.
        self_loops: the authors' L' = I − D^{-1/2}(A + I)D^{-1/2}: one more in each degree, while the
            loops themselves join equal ends and add nothing. Its energy vanishes with the edges.
    """
    within = at_destination is at_source
    if within:
        weight = (weight + weight.T) / 2
    rows, columns = weight.sum(dim=1), weight.sum(dim=0)
    left = at_destination * _inverse_root(rows + self_loops).unsqueeze(1)
    right = at_source * _inverse_root(columns + self_loops).unsqueeze(1)
    squares = (rows * left.square().sum(dim=1)).sum() + (columns * right.square().sum(dim=1)).sum()
    crossed = ((weight @ right) * left).sum()
    energy = squares - 2 * crossed
    return energy / 2 if within else energy


def _inverse_root(degree: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """d^{-1/2}, and 0 where there is no edge."""
    positive = degree > 0
    return torch.where(positive, torch.where(positive, degree, 1.0).rsqrt(), 0.0)
