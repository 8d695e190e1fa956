"""Structural damping: the Dirichlet energy of the gradient field on the condensed graph."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from condense.edges.pair_matrix import PairMatrix
from condense.edges.sparse_product import StraightThroughMatrix


def dirichlet_energy(
    weight: PairMatrix,
    at_destination: Float[Tensor, "M n_dst d"],
    at_source: Float[Tensor, "M n_src d"],
    has_destination: Bool[Tensor, "M n_dst"],
    has_source: Bool[Tensor, "M n_src"],
    *,
    within: bool = False,
    self_loops: bool = False,
) -> Float[Tensor, " M"]:
    """½ Σ_(i,j) w_ij ‖ĝ_i/√d_i − ĝ_j/√d_j‖² of each modality, over all ordered pairs of one relation that
    have it.

    Between two types, with D the degrees on either side, it is Σ_i ‖ĝ_i‖² + Σ_j ‖ĝ_j‖² (over nodes
    with an edge) − 2 Σ_ij ŵ_ij ⟨ĝ_i, ĝ_j⟩, ŵ = w/√(d_i d_j), since each edge (i, j) counts in both
    directions. Within one type edges are taken as undirected, (w + wᵀ)/2, and without the loops that w may
    have, which join equal ends and must not make other edges count less; it is tr(Ĝᵀ L Ĝ) with
    L = I − D^{-1/2} A D^{-1/2}.

    Neither form has self-loops or an ε in D, so scaling all weights changes nothing and an edgeless graph
    is no minimum that loss of edges approaches; isolated nodes contribute 0.

    Nodes without m are left out by their zeros in vectors that w multiplies, all modalities at once: w
    itself, the only large matrix here, is multiplied as it is.

    Args:
        weight: w ≥ 0 [n_dst, n_src].
        at_destination: ĝ of each modality on the destination nodes.
        at_source: ĝ of the same modalities on the source nodes; the same tensor within one type.
        has_destination: which destination nodes have the modality.
        has_source: which source nodes do.
        within: both ends are nodes of one type.
        self_loops: the authors' L' = I − D^{-1/2}(A + I)D^{-1/2}: one more in each degree, while the
            loops themselves join equal ends and add nothing. Its energy vanishes with the edges.
    """
    if within:
        weight = weight.without_loops()
    dtype = weight.values.dtype
    here, there = has_destination.to(dtype), has_source.to(dtype)
    edges = StraightThroughMatrix(weight)
    rows = (edges @ there.T).T * here  # [M, n_dst]
    columns = (edges.T @ here.T).T * there  # [M, n_src]
    if within:
        rows = columns = (rows + columns) / 2
    left = at_destination * (here * _inverse_root(rows + self_loops)).unsqueeze(2)
    right = at_source * (there * _inverse_root(columns + self_loops)).unsqueeze(2)
    squares = (rows * left.square().sum(dim=2)).sum(dim=1)
    squares = squares + (columns * right.square().sum(dim=2)).sum(dim=1)
    sent = (edges @ right.transpose(0, 1).flatten(1)).view(weight.shape[0], *right.shape[::2])
    crossed = (sent.transpose(0, 1) * left).sum(dim=(1, 2))
    energy = squares - 2 * crossed
    return energy / 2 if within else energy


def _inverse_root(degree: Float[Tensor, "M n"]) -> Float[Tensor, "M n"]:
    """d^{-1/2}, and 0 where there is no edge."""
    positive = degree > 0
    return torch.where(positive, torch.where(positive, degree, 1.0).rsqrt(), 0.0)
