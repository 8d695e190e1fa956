"""The generative channel: masked features and masked structure, rebuilt up to the scaled cosine error.

    L_feature = mean over masked nodes and modalities of (1 − cos(x̂_i, x_i))^γ
    L_structure = mean over meta-paths and nodes of (1 − cos(row i of Ŷ Ŷᵀ, row i of A_p))^γ

as in HGMAE (Tian et al., AAAI 2023) and GraphMAE. No n × n matrix is formed for the second:
⟨row i of Ŷ Ŷᵀ, row i of A⟩ = ⟨ŷ_i, (A Ŷ)_i⟩ and ‖row i of Ŷ Ŷᵀ‖² = ŷ_iᵀ (Ŷᵀ Ŷ) ŷ_i.

Masked nodes' embeddings *after* the first linear layer become a learnt token, which can stand for any token
before it; some become another node's, some stay, as in HGMAE.

Decoders (the summary says "shallow"): "linear" reads a masked node's features off its own embedding; "han" is
HGMAE's: masked embeddings are set to zero again and one HAN layer rebuilds them from their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from models.hetcrf.encoder import HANLayer
from models.hetcrf.pattern import WeightedPattern
from models.layers.fusion import Present
from models.layers.keys import key_of

Decoding = Literal["linear", "han"]


class FeatureMask(nn.Module):
    """Hides the features of a share of nodes.

    Args:
        width: width of the embeddings.
        share: share of nodes to be masked.
        replaced: share of masked nodes that get another node's embedding.
        kept: share of masked nodes that keep their own, and are still to be rebuilt.
    """

    def __init__(self, width: int, share: float, replaced: float, kept: float) -> None:
        super().__init__()
        self.share, self.replaced, self.kept = share, replaced, kept
        self.token = nn.Parameter(torch.zeros(width))

    def forward(self, h: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "n d"], Int[Tensor, " k"]]:
        """Embeddings with masked ones hidden, and the masked nodes (at least one)."""
        n = len(h)
        masked = torch.randperm(n, device=h.device)[: max(1, int(self.share * n))]
        draw = torch.rand(len(masked), device=h.device)
        hidden = masked[draw >= self.replaced + self.kept]
        noisy = masked[draw < self.replaced]
        replacement = torch.randint(n, (len(noisy),), device=h.device)
        index = torch.arange(n, device=h.device).index_copy(0, noisy, replacement)
        covered = torch.zeros(n, 1, dtype=torch.bool, device=h.device).index_fill(0, hidden, True)
        return torch.where(covered, self.token, h.index_select(0, index)), masked


class FeatureDecoder(nn.Module):
    """x̂ of each modality from the masked pass's embeddings.

    Args:
        modalities: modality -> width, of the target type.
        width: width of the embeddings.
        heads: attention heads of the HAN layer.
        paths: meta-path graphs.
        decoding: see above.
    """

    def __init__(
        self, modalities: dict[str, int], width: int, heads: int, paths: int, decoding: Decoding
    ) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        self.map = nn.Linear(width, width, bias=False)
        self.layer = HANLayer(width, heads, paths) if decoding == "han" else None
        self.out = nn.ModuleDict({key_of(m): nn.Linear(width, d) for m, d in modalities.items()})

    def forward(
        self,
        z: Float[Tensor, "n d"],
        masked: Int[Tensor, " k"],
        graphs: Sequence[WeightedPattern],
    ) -> dict[str, Tensor]:
        """x̂ [k, width] of each modality, for the masked nodes."""
        h = self.map(z)
        if self.layer is not None:
            h = self.layer(h.index_fill(0, masked, 0.0), graphs).fused
        h = h.index_select(0, masked)
        return {m: self.out[key_of(m)](h) for m in self.modalities}


def scaled_cosine_error(
    rebuilt: Float[Tensor, "k d"],
    truth: Float[Tensor, "k d"],
    power: float,
    use: Bool[Tensor, " k"] | None = None,
) -> Float[Tensor, ""]:
    """Mean over rows of (1 − cos)^γ; a row of zeros has cosine 0. Zero if no row is used."""
    cosine = nn.functional.cosine_similarity(rebuilt, truth, dim=1)
    error = _power(1 - cosine, power)
    if use is None:
        return error.mean()
    return (error * use).sum() / use.sum().clamp_min(1)


def feature_error(
    rebuilt: dict[str, Tensor], truth: dict[str, Present], masked: Int[Tensor, " k"], power: float
) -> Float[Tensor, ""]:
    """L_feature: the mean over modalities of the errors of the masked nodes that have them.

    A modality of width one has a cosine of ±1 alone: only its sign is learnt.
    """
    errors = [
        scaled_cosine_error(rebuilt[m], x[masked], power, has[masked])
        for m, (x, has) in truth.items()
    ]
    return torch.stack(errors).mean()


def structure_error(
    y: Float[Tensor, "n d"], graphs: Sequence[WeightedPattern], power: float
) -> Float[Tensor, ""]:
    """L_structure of ŷ, against the graphs before any edge was dropped."""
    gram = y.T @ y
    tiny = torch.finfo(y.dtype).tiny ** 0.5
    length = ((y @ gram) * y).sum(1).clamp_min(tiny).sqrt()  # ‖row i of Ŷ Ŷᵀ‖
    errors = []
    for graph in graphs:
        square = graph.weight.new_zeros(graph.count)
        square = square.index_add_(0, graph.pattern.rows, graph.weight.square())
        product = (graph.pattern.product(graph.weight, y) * y).sum(1)
        errors.append(_power(1 - product / (length * square.sqrt()), power).mean())
    return torch.stack(errors).mean()


def _power(error: Tensor, power: float) -> Tensor:
    return error.clamp_min(0) ** power  # Rounding may take the error below zero.
