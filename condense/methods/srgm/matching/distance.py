"""How far two sets of class-wise gradients are apart."""

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

    A layer is one block W_{p,m}, a column one output class: the cosine runs over the block's input
    dimensions, as in GCond (Jin et al., ICLR 2022). The average, where the papers sum, keeps the loss
    in [0, 2] for any number of meta-paths, so that λ means the same on every graph. A column whose
    whole-graph gradient vanishes cannot be matched and counts as 0. One that vanishes on S alone, as where
    no node of a class activates a hidden unit, counts as 1; having no direction, it has no slope either.

    Args:
        condensed: ∇_W L_c(S) for each class.
        whole: ∇_W L_c(T) for each class.
        member: 1 where an input dimension belongs to a block, else 0.
        share: s_c = n'_c / n'.
    """
    # A row a class and column, in which a block's dimensions are neighbours.
    x, y = (g.transpose(1, 2).flatten(0, 1) for g in (condensed, whole))  # [G·C, D]
    dot, own, other = ((v @ member) for v in (x * y, x.square(), y.square()))  # [G·C, B]
    product = own * other
    norm = product.masked_fill(product <= TINY**2, torch.inf).sqrt()
    vanishes = other <= TINY  # Not so for NaN, which must not pass for a match.
    distance = torch.where(vanishes, 0.0, 1 - dot / norm)
    return (share * distance.view(len(share), -1).mean(dim=1)).sum()


def layered_loss(
    condensed: Sequence[Float[Tensor, "G _ _"]],
    whole: Sequence[Float[Tensor, "G _ _"]],
    member: Float[Tensor, "D B"],
    share: Float[Tensor, " G"],
) -> Float[Tensor, ""]:
    """`matching_loss` of a relay of several weight matrices, averaged over all their layers.

    The first matrix has one layer a block, every later one is a layer of its own. Each layer counts the
    same however many columns it has: the few columns of the last one, where classes are told apart, would
    otherwise be outnumbered by those of the hidden units.

    Args:
        condensed: ∇_{W_l} L_c(S) of each class, for each matrix.
        whole: ∇_{W_l} L_c(T) likewise.
        member: of the first matrix' rows, see `matching_loss`.
        share: s_c = n'_c / n'.
    """
    members = [member, *(member.new_ones(g.size(1), 1) for g in whole[1:])]
    layers = sum(m.size(1) for m in members)
    first, *later = [
        matching_loss(mine, theirs, m, m.size(1) / layers * share)
        for mine, theirs, m in zip(condensed, whole, members, strict=True)
    ]
    return sum(later, start=first)
