"""How far two sets of class-wise gradients are apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

TINY = 1e-12


def matching_loss(
    condensed: Float[Tensor, "G D C"],
    whole: Float[Tensor, "G D C"],
    block: Int[Tensor, " D"],
    share: Float[Tensor, " G"],
) -> Float[Tensor, ""]:
    """L_match = Σ_c s_c Σ_layers Σ_columns (1 − cos), averaged over the layers and columns.

    A layer is one block W_{p,m}, a column one output class: the cosine runs over the block's input
    dimensions, as in GCond (Jin et al., ICLR 2022). The average, where the papers sum, keeps the loss
    in [0, 2] for any number of meta-paths, so that λ means the same on every graph. A column whose
    whole-graph gradient vanishes cannot be matched and counts as 0.

    Args:
        condensed: ∇_W L_c(S) for each class.
        whole: ∇_W L_c(T) for each class.
        block: the number 0 … B−1 of the block that each input dimension belongs to.
        share: s_c = n'_c / n'.
    """
    # 0/1 rows: a product with them sums each block's dimensions.
    member = torch.nn.functional.one_hot(block).T.to(condensed.dtype)  # [B, D]

    def sums(values: Tensor) -> Tensor:
        return member @ values

    dot = sums(condensed * whole)  # [G, B, C]
    norm = (sums(condensed.square()) * sums(whole.square())).clamp_min(TINY**2).sqrt()
    vanishes = sums(whole.square()) <= TINY  # Not so for NaN, which must not pass for a match.
    distance = torch.where(vanishes, torch.zeros_like(dot), 1 - dot / norm)
    return (share * distance.mean(dim=(1, 2))).sum()


def layered_loss(
    condensed: Sequence[Float[Tensor, "G _ _"]],
    whole: Sequence[Float[Tensor, "G _ _"]],
    block: Int[Tensor, " D"],
    share: Float[Tensor, " G"],
) -> Float[Tensor, ""]:
    """`matching_loss` of a relay of several weight matrices, averaged over all their layers.

    The first matrix has one layer a block, every later one is a layer of its own. Each layer counts the
    same however many columns it has: the few columns of the last one, where classes are told apart, would
    otherwise be outnumbered by those of the hidden units.

    Args:
        condensed: ∇_{W_l} L_c(S) of each class, for each matrix.
        whole: ∇_{W_l} L_c(T) likewise.
        block: of the first matrix' rows, see `matching_loss`.
        share: s_c = n'_c / n'.
    """
    blocks = [block, *(block.new_zeros(g.size(1)) for g in whole[1:])]
    layers = [int(b.max()) + 1 for b in blocks]
    losses = zip(condensed, whole, blocks, layers, strict=True)
    found = [n / sum(layers) * matching_loss(c, w, b, share) for c, w, b, n in losses]
    return torch.stack(found).sum()
