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
    """The Dirichlet energy of each modality, ½ Σ_(i,j) w_ij ‖ĝ_i/√d_i − ĝ_j/√d_j‖².

    The sum runs over all ordered pairs of one relation whose ends both have the modality.

    Between two types, with D the degrees on either side, the energy is Σ_i ‖ĝ_i‖² + Σ_j ‖ĝ_j‖² (over nodes
    with an edge) − 2 Σ_ij ŵ_ij ⟨ĝ_i, ĝ_j⟩, ŵ = w/√(d_i d_j), since each edge (i, j) counts in both
    directions. Within one type it is tr(Ĝᵀ L Ĝ) with L = I − D^{-1/2} A D^{-1/2}: edges count as undirected,
    A = (w + wᵀ)/2, and loops in w are dropped, since they join equal ends and must not reduce the weight of
    other edges.

    Neither form has self-loops or an ε in D, so scaling all weights changes nothing and the energy does not
    fall as edges fade; isolated nodes contribute 0.

    Nodes without the modality are left out by zeros in the vectors that w multiplies. So all modalities
    share one product with w, the only large matrix here.

    Args:
        weight: w ≥ 0 [n_dst, n_src].
        at_destination: ĝ of each modality on the destination nodes.
        at_source: ĝ of the same modalities on the source nodes; the same tensor within one type.
        has_destination: which destination nodes have each modality.
        has_source: which source nodes have each modality.
        within: whether both ends are nodes of one type.
        self_loops: use the authors' L' = I − D^{-1/2}(A + I)D^{-1/2}: each degree grows by one, while the
            loops join equal ends and add nothing themselves. This energy vanishes with the edges.
    """
    if within:
        weight = weight.without_loops()
    dtype = weight.values.dtype
    destination, source = has_destination.to(dtype), has_source.to(dtype)
    edges = StraightThroughMatrix(weight)
    rows = (edges @ source.T).T * destination  # Degrees [M, n_dst]
    columns = (edges.T @ destination.T).T * source  # Degrees [M, n_src]
    if within:
        rows = columns = (rows + columns) / 2
    left = at_destination * (destination * _inverse_root(rows + self_loops)).unsqueeze(2)
    right = at_source * (source * _inverse_root(columns + self_loops)).unsqueeze(2)
    squares = (rows * left.square().sum(dim=2)).sum(dim=1)
    squares = squares + (columns * right.square().sum(dim=2)).sum(dim=1)
    sent = (edges @ right.transpose(0, 1).flatten(1)).view(weight.shape[0], *right.shape[::2])
    products = (sent.transpose(0, 1) * left).sum(dim=(1, 2))
    energy = squares - 2 * products
    return energy / 2 if within else energy


def _inverse_root(degree: Float[Tensor, "M n"]) -> Float[Tensor, "M n"]:
    """d^{-1/2}, and 0 where there is no edge."""
    positive = degree > 0
    return torch.where(positive, torch.where(positive, degree, 1.0).rsqrt(), 0.0)
