"""The shared encoder as HAN has it (Wang et al., WWW 2019): node attention, then semantic attention.

Along each meta-path p, with heads side by side and w_ij the multiplicity of an edge,

    e_ij = LeakyReLU(a_pᵀ W_p h_i + b_pᵀ W_p h_j),    α_ij = w_ij exp(e_ij) / Σ_k w_ik exp(e_ik),
    z_i^p = ELU(Σ_j α_ij W_p h_j),

and across meta-paths, over the n nodes of the graph at hand,

    w_p = 1/n Σ_i qᵀ tanh(W z_i^p + b),    β = softmax(w),    z_i = Σ_p β_p z_i^p.

PyG's `HANConv` takes no edge weights, hence this layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.hetcrf.pattern import WeightedPattern
from models.layers.attention import SemanticAttention, additive_attention, mixed
from models.layers.dropout import Dropout

SLOPE = 0.2
"""Of the leaky ReLU below zero, as in GAT."""
SEMANTIC = 128
"""Width of q, as in HAN's authors' code."""


@dataclass(frozen=True)
class PathEmbeddings:
    """The embeddings of the target nodes, by meta-path and fused.

    Attributes:
        fused: z.
        by_path: z^p of each meta-path graph; z itself for encoders without meta-paths.
        share: β, which sums to one.
    """

    fused: Float[Tensor, "n d"]
    by_path: tuple[Float[Tensor, "n d"], ...]
    share: Float[Tensor, " P"]


class NodeAttention(nn.Module):
    """z^p of one meta-path."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.map = nn.Linear(width, width, bias=False)
        self.bias = nn.Parameter(torch.zeros(width))
        ends = torch.empty(2, heads, width // heads)
        self.ends = nn.Parameter(nn.init.xavier_normal_(ends, gain=1.414))  # a and b.

    def forward(self, h: Float[Tensor, "n d"], graph: WeightedPattern) -> Float[Tensor, "n d"]:
        """ELU(Σ_j α_ij W h_j)."""
        x = self.map(h).unflatten(1, (self.heads, -1))  # [n, heads, depth]
        receives, sends = torch.einsum("nhk,ehk->enh", x, self.ends).unbind(0)
        at = graph.pattern
        alpha = additive_attention(sends, receives, at.columns, at.rows, graph.weight, SLOPE)
        alpha = alpha * graph.weight.unsqueeze(1)
        pairs = zip(alpha.unbind(1), x.unbind(1), strict=True)
        heads = [at.product(a.contiguous(), v.contiguous()) for a, v in pairs]
        return nn.functional.elu(torch.cat(heads, dim=1) + self.bias)


class HANLayer(nn.Module):
    """One round of both attentions."""

    def __init__(self, width: int, heads: int, paths: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(NodeAttention(width, heads) for _ in range(paths))
        self.semantic = SemanticAttention(width, SEMANTIC)

    def forward(self, h: Float[Tensor, "n d"], graphs: Sequence[WeightedPattern]) -> PathEmbeddings:
        """z^p, β and z."""
        by_path = tuple(layer(h, g) for layer, g in zip(self.paths, graphs, strict=True))
        share = self.semantic(by_path)
        return PathEmbeddings(mixed(share, by_path), by_path, share)


class StackedHAN(nn.Module):
    """`layers` rounds; each reads the fused embeddings of the one before.

    Args:
        width: width of the embeddings, before and after; a multiple of `heads`.
        heads: attention heads.
        paths: P, meta-path graphs.
        layers: at least 1.
        dropout: share of units dropped at the input of each layer while training.
    """

    def __init__(self, width: int, heads: int, paths: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(HANLayer(width, heads, paths) for _ in range(layers))
        self.dropout = Dropout(dropout)

    def forward(self, h: Float[Tensor, "n d"], graphs: Sequence[WeightedPattern]) -> PathEmbeddings:
        """The last layer's embeddings."""
        encoded = None
        for layer in self.layers:
            encoded = layer(self.dropout(h), graphs)
            h = encoded.fused
        assert encoded is not None
        return encoded
