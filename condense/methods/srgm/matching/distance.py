"""The matching loss: a distance between two sets of class-wise gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

TINY = 1e-12


def matching_loss(
    condensed: Float[Tensor, "G D C"],
    whole: Float[Tensor, "G D C"],
    member: Float[Tensor, "D B"],
    share: Float[Tensor, " G"],
) -> Float[Tensor, ""]:
    """L_match = Σ_c s_c Σ_layers Σ_columns (1 − cos), averaged over the layers and columns.

    A layer is one block W_{p,m}, and a column is one output class: the cosine runs over the block's input
    dimensions, as in GCond (Jin et al., ICLR 2022). The papers sum over layers and columns; the average
    keeps the loss in [0, 2] for any number of meta-paths, so λ means the same on every graph. A column whose
    whole-graph gradient vanishes cannot be matched and counts as 0. A column that vanishes only on S, for
    instance where no node of a class activates a hidden unit, counts as 1 and has zero slope, because it has
    no direction.

    Args:
        condensed: ∇_W L_c(S) of each class.
        whole: ∇_W L_c(T) of each class.
        member: 1 where an input dimension belongs to a block, else 0.
        share: s_c = n'_c / n'.
    """
    # One row for each class and column, in which a block's dimensions lie side by side.
    x, y = (g.transpose(1, 2).flatten(0, 1) for g in (condensed, whole))  # [G·C, D]
    dot, x_norm2, y_norm2 = (v @ member for v in (x * y, x.square(), y.square()))  # [G·C, B]
    product = x_norm2 * y_norm2
    norm = product.masked_fill(product <= TINY**2, torch.inf).sqrt()
    vanishes = y_norm2 <= TINY  # False for NaN, which must not pass for a match.
    distance = torch.where(vanishes, 0.0, 1 - dot / norm)
    return (share * distance.view(len(share), -1).mean(dim=1)).sum()


def layered_loss(
    condensed: Sequence[Float[Tensor, "G _ _"]],
    whole: Sequence[Float[Tensor, "G _ _"]],
    member: Float[Tensor, "D B"],
    share: Float[Tensor, " G"],
) -> Float[Tensor, ""]:
    """`matching_loss` of a relay with several weight matrices, averaged over all their layers.

    Each block of the first matrix is a layer, and so is each later matrix. All layers have equal weight,
    however many columns they have: otherwise the many columns of the hidden units would outweigh the few of
    the last layer, which separates the classes.

    Args:
        condensed: ∇_{W_l} L_c(S) of each class, for each matrix.
        whole: ∇_{W_l} L_c(T) of each class, for each matrix.
        member: blocks of the first matrix' rows, see `matching_loss`.
        share: s_c = n'_c / n'.
    """
    members = [member, *(member.new_ones(g.size(1), 1) for g in whole[1:])]
    layers = sum(m.size(1) for m in members)
    first, *later = [
        matching_loss(on_condensed, on_whole, m, m.size(1) / layers * share)
        for on_condensed, on_whole, m in zip(condensed, whole, members, strict=True)
    ]
    return sum(later, start=first)
