"""Attention over the edges that meet at a node, weights as multiplicities, and over meta-paths."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def edge_softmax(
    logits: Float[Tensor, " e *k"],
    weight: Float[Tensor, " e"],
    index: Int[Tensor, " e"],
    count: int,
) -> Float[Tensor, " e *k"]:
    """p_e = exp(x_e) / Σ_{e' at the same node} w_{e'} exp(x_{e'}): the share of each parallel edge.

    An edge of weight w stands for w parallel edges, so Σ w p = 1 at every node that has edges.

    Args:
        logits: x; further dimensions (heads, modalities) are independent.
        weight: w > 0.
        index: the node of each edge.
        count: how many nodes there are.
    """
    flat = logits.unsqueeze(-1).flatten(1)  # [e, k]
    at = index.unsqueeze(1).expand_as(flat)
    # A softmax does not change when its logits are shifted, so no gradient passes through the shift.
    top = flat.new_full((count, flat.size(1)), -torch.inf)
    top = top.scatter_reduce(0, at, flat.detach(), "amax")
    strength = (flat - top.index_select(0, index)).exp()
    total = flat.new_zeros(count, flat.size(1))
    total = total.scatter_add(0, at, strength * weight.unsqueeze(1))
    return (strength / total.index_select(0, index)).view_as(logits)


def additive_attention(
    sends: Float[Tensor, "m heads"],
    receives: Float[Tensor, "n heads"],
    source: Int[Tensor, " e"],
    destination: Int[Tensor, " e"],
    weight: Float[Tensor, " e"],
    slope: float,
) -> Float[Tensor, "e heads"]:
    """α_ij of GAT, LeakyReLU(aᵀ[h_i ‖ h_j]) with a's halves already applied, as the share of a parallel edge.

    PyG's `GATConv` and `HANConv` are this attention with unit weights; edge weights could enter these only as
    features with parameters of their own.

    Args:
        sends: the half of a that meets the neighbour j, times h_j.
        receives: the half of a that meets the node i, times h_i.
        source: j of each edge.
        destination: i of each edge.
        weight: w > 0; see `edge_softmax`.
        slope: of the leaky ReLU below zero.
    """
    logits = sends.index_select(0, source) + receives.index_select(0, destination)  # [e, heads]
    logits = nn.functional.leaky_relu(logits, slope)
    return edge_softmax(logits, weight, destination, receives.size(0))


class SemanticAttention(nn.Module):
    """β = softmax_p(1/n Σ_i qᵀ tanh(W z_i^p + b)), HAN's weights of P meta-paths.

    Args:
        width: width of the embeddings z.
        hidden: width of q.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.map = nn.Linear(width, hidden)
        self.query = nn.Linear(hidden, 1, bias=False)

    def forward(self, by_path: Sequence[Float[Tensor, "n d"]]) -> Float[Tensor, " P"]:
        """β."""
        scores = [self.query(torch.tanh(self.map(z))).mean() for z in by_path]
        return torch.stack(scores).softmax(dim=0)


def mixed(
    share: Float[Tensor, " P"], by_path: Sequence[Float[Tensor, "n d"]]
) -> Float[Tensor, "n d"]:
    """Σ_p β_p z^p."""
    return (share[:, None, None] * torch.stack(list(by_path))).sum(dim=0)


@torch.no_grad()
def relative_entropy(
    share: Float[Tensor, " e *k"],
    weight: Float[Tensor, " e"],
    index: Int[Tensor, " e"],
    count: int,
) -> float:
    """How even attention is: mean over nodes of −Σ_e q_e log q_e / log(edges), q = w p; 1 is uniform.

    Nodes with one edge have no choice and are left out; NaN if there are no others.

    Args:
        share: p from `edge_softmax`.
        weight: w.
        index: the node of each edge.
        count: how many nodes there are.
    """
    q = share.unsqueeze(-1).flatten(1) * weight.unsqueeze(1)  # [e, k]
    entropy = -q.new_zeros(count, q.size(1)).index_add_(0, index, torch.xlogy(q, q))
    degree = torch.bincount(index, minlength=count)
    choice = degree > 1
    return float((entropy[choice] / degree[choice].log().unsqueeze(1)).mean())
