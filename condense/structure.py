"""The synthetic edges: free weights under a budget of edges and a kept total weight."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.typing import EdgeType

Logits = Mapping[EdgeType, Tensor]


def kept_edges(logits: Float[Tensor, "n_dst n_src"], budget: int) -> Bool[Tensor, "n_dst n_src"]:
    """The `budget` entries of greatest logit; −inf marks pairs that cannot be joined."""
    budget = min(budget, int((logits > -torch.inf).sum()))
    kept = torch.zeros_like(logits, dtype=torch.bool)
    if budget > 0:
        kept.view(-1)[logits.flatten().topk(budget).indices] = True
    return kept


def edge_matrix(
    logits: Float[Tensor, "n_dst n_src"], budget: int, symmetric: bool = False
) -> Float[Tensor, "n_dst n_src"]:
    """A′: weights of the kept edges, as they are saved, with gradients for all pairs.

    Forward, the `budget` greatest entries hold budget · softmax(logits) over the kept ones: the total
    weight always equals the number of edges, so no penalty can make the structure fade away.
    Backward, kept pairs receive the exact gradient, and the pairs left out the one that their weight
    would pass on if it were there (straight-through), so an edge can come in.

    Args:
        logits: [n'_dst, n'_src]; −inf where no edge may be.
        budget: how many entries to keep; for a symmetric relation both (i, j) and (j, i) count.
        symmetric: the relation is its own transpose; the logits are averaged with theirs.
    """
    if symmetric:
        logits = (logits + logits.T) / 2
        kept = _kept_pairs(logits.detach(), budget)
    else:
        kept = kept_edges(logits.detach(), budget)
    if not kept.any():
        return logits.detach().new_zeros(logits.shape)
    top = logits.detach()[kept].max()
    strength = (logits - top).exp()  # −inf gives 0.
    scale = int(kept.sum()) / strength[kept].sum()
    # The detached scale keeps the kept pairs' gradients exact: left-out pairs do not act on them.
    absent = strength * scale.detach()
    return torch.where(kept, strength * scale, absent - absent.detach())


def _kept_pairs(logits: Tensor, budget: int) -> Tensor:
    """The greatest pairs of a symmetric matrix while they fit: two entries each, a loop one."""
    n = logits.size(0)
    row, column = torch.triu_indices(n, n, device=logits.device)
    order = logits[row, column].argsort(descending=True, stable=True)
    row, column = row[order], column[order]
    fits = (2 - (row == column).long()).cumsum(0) <= budget
    fits &= logits[row, column] > -torch.inf
    kept = torch.zeros_like(logits, dtype=torch.bool)
    kept[row[fits], column[fits]] = True
    return kept | kept.T


def adjacencies(
    logits: Logits,
    budgets: Mapping[EdgeType, int],
    mirror: Mapping[EdgeType, EdgeType],
    relations: tuple[EdgeType, ...],
) -> dict[EdgeType, Tensor]:
    """A′_r [n'_dst, n'_src] of every relation; a mirrored one is its partner's transpose."""
    found: dict[EdgeType, Tensor] = {}
    for relation in relations:
        if relation in logits:
            symmetric = mirror.get(relation) == relation
            found[relation] = edge_matrix(logits[relation], budgets[relation], symmetric)
    for relation in relations:
        if relation not in found:
            found[relation] = found[mirror[relation]].T
    return {relation: found[relation] for relation in relations}


def row_normalised(weight: Float[Tensor, "n_dst n_src"]) -> Float[Tensor, "n_dst n_src"]:
    """Â = D⁻¹A; a row without edges stays zero."""
    degree = weight.sum(dim=1, keepdim=True)
    positive = degree > 0
    return torch.where(positive, weight / torch.where(positive, degree, 1.0), weight * 0.0)
