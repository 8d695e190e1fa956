"""Softmax over the edges that meet at a node, with edge weights as multiplicities."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def edge_softmax(
    logits: Float[Tensor, "e *k"],
    weight: Float[Tensor, " e"],
    index: Int[Tensor, " e"],
    count: int,
) -> Float[Tensor, "e *k"]:
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


@torch.no_grad()
def relative_entropy(
    share: Float[Tensor, "e *k"],
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
