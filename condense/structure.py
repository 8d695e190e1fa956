"""The synthetic edges: free weights under a budget of edges, saved with the whole graph's degrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.budget import Budget
from condense.initial import Initial
from condense.relations import primary, reverses


@dataclass(frozen=True)
class Structure:
    """The edges among clusters, as log-weights of all pairs of which a budget is kept.

    Attributes:
        logits: primary relation -> log-weights [n'_dst, n'_src]; −inf where no edge may be. They may be
            optimised.
        degree: relation -> mean in-degree [n'_dst] of the nodes that each condensed one stands for.
        budget: relation -> how many edges are kept.
        mirror: relation -> the one that it is the transpose of.
    """

    logits: Mapping[EdgeType, Tensor]
    degree: Mapping[EdgeType, Tensor]
    budget: Mapping[EdgeType, int]
    mirror: Mapping[EdgeType, EdgeType]

    @classmethod
    def of(cls, start: Initial, budget: Budget, absent: float) -> Structure:
        """The whole graph's edges, counted between clusters.

        Args:
            start: the clusters.
            budget: how many edges of each relation are kept.
            absent: the count that stands for "no edge between these clusters"; with 0 none can come in.
                A cluster that no edge of the relation joins to any cluster stays without in either case.
        """
        graph = start.graph
        mirror, logits = reverses(graph), {}
        for relation in primary(graph, mirror):
            counts = start.edge_counts(relation)
            joined = counts.sum(dim=1, keepdim=True) * counts.sum(dim=0) > 0
            logits[relation] = counts.clamp_min(absent).log().masked_fill(~joined, -torch.inf)
        return cls(
            logits=logits,
            degree={r: start.mean_degree(r) for r in graph.edge_types},
            budget=budget.edges,
            mirror=mirror,
        )

    def weights(self) -> dict[EdgeType, Tensor]:
        """C′_r [n'_dst, n'_src] of every relation, in the graph's order; a mirrored one is a transpose."""
        found: dict[EdgeType, Tensor] = {}
        for r, logits in self.logits.items():
            symmetric = self.mirror.get(r) == r
            found[r] = edge_matrix(logits, self.budget[r], symmetric)
        return {r: found[r] if r in found else found[self.mirror[r]].T for r in self.degree}

    def saved(self) -> dict[EdgeType, Tensor]:
        """A′_r [n'_dst, n'_src], the same edges with the weights that are saved."""
        return {r: with_degrees(w, self.degree[r]) for r, w in self.weights().items()}


def kept_edges(logits: Float[Tensor, "n_dst n_src"], budget: int) -> Int[Tensor, " k"]:
    """Places, in the flattened matrix and ascending, of the `budget` entries of greatest logit.

    −inf marks pairs that cannot be joined, and are not among them.
    """
    flat = logits.flatten()
    top = flat.topk(min(budget, len(flat)))
    return top.indices[top.values > -torch.inf].sort().values


def edge_matrix(
    logits: Float[Tensor, "n_dst n_src"], budget: int, symmetric: bool = False
) -> Float[Tensor, "n_dst n_src"]:
    """C′: weights of the kept edges, with gradients for all pairs.

    Forward, the `budget` greatest entries hold budget · softmax(logits) over the kept ones: the total
    weight of C′ always equals the number of edges, so no penalty can make the structure fade away.
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
    found = _EdgeMatrix.apply(logits, kept)
    assert isinstance(found, Tensor)
    return found


class _EdgeMatrix(torch.autograd.Function):
    """k · softmax over the k kept entries, which alone are computed; see `edge_matrix`.

    With w = k e^l / Σ_kept e^l for kept and absent pairs alike and G = ∂L/∂C′, the gradient is w G for
    absent pairs and w (G − Σ_kept w G / k) for kept ones.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, kept: Tensor) -> Tensor:  # pyright: ignore
        entries = logits.flatten()[kept]
        # Any reference would do; the greatest logit does not overflow.
        top = entries.max() if len(kept) else logits.new_zeros(())
        strength = (entries - top).exp()
        ctx.scale = len(kept) / strength.sum() if len(kept) else logits.new_zeros(())
        ctx.top = top
        ctx.save_for_backward(logits, kept)
        found = torch.zeros_like(logits)
        found.view(-1)[kept] = strength * ctx.scale
        return found

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, None]:  # pyright: ignore
        logits, kept = ctx.saved_tensors
        if not len(kept):
            return torch.zeros_like(logits), None
        weight = (logits - ctx.top).exp_().mul_(ctx.scale)  # −inf gives 0.
        felt = (weight * grad).view(-1)
        felt[kept] -= weight.view(-1)[kept] * felt[kept].mean()
        return felt.view_as(logits), None


def _kept_pairs(logits: Tensor, budget: int) -> Int[Tensor, " k"]:
    """The greatest pairs of a symmetric matrix while they fit: two entries each, a loop one."""
    n = logits.size(0)
    upper = torch.ones_like(logits, dtype=torch.bool).triu() & (logits > -torch.inf)
    place = upper.view(-1).nonzero().flatten()
    value = logits.view(-1)[place]
    if 0 < budget < len(place):
        # Each pair takes at least one entry, so what lies below the budget-th needs no sorting.
        near = value >= value.topk(budget).values[-1]
        place, value = place[near], value[near]
    place = place[value.argsort(descending=True, stable=True)]
    row, column = place // n, place % n
    fits = (2 - (row == column).long()).cumsum(0) <= budget
    row, column = row[fits], column[fits]
    return torch.cat([row * n + column, column * n + row]).unique()


def with_degrees(
    weight: Float[Tensor, "n_dst n_src"], degree: Float[Tensor, " n_dst"]
) -> Float[Tensor, "n_dst n_src"]:
    """A′ = diag(d) D⁻¹ C′: each row shares out d, the mean in-degree of the nodes that it stands for.

    Where every node is in a cluster and all pairs are kept, A′ = diag(1/size) PᵀAP: a weight is the
    number of neighbours in the source's cluster that a member of the destination's has, and an operator
    D^{-1/2}(A′ + I)D^{-1/2} acts on cluster means as that of the whole graph does on the nodes, up to
    what the clusters blur. A mirrored or symmetric relation keeps mirrored pairs, but each side has its
    own degrees. Operators that average over neighbours see no difference between A′ and C′.
    """
    return row_normalised(weight) * degree.unsqueeze(1)


def row_normalised(weight: Float[Tensor, "n_dst n_src"]) -> Float[Tensor, "n_dst n_src"]:
    """Â = D⁻¹A; a row without edges stays zero."""
    degree = weight.sum(dim=1, keepdim=True)
    positive = degree > 0
    return weight * torch.where(positive, 1.0 / torch.where(positive, degree, 1.0), 0.0)
