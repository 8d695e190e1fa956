"""The synthetic edges: free weights under a budget of edges, saved with the whole graph's degrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
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
    return torch.where(positive, weight / torch.where(positive, degree, 1.0), weight * 0.0)
