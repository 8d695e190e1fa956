"""The synthetic edges: free weights under a budget of edges, saved with the whole graph's degrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.budget import Budget
from condense.data.relations import first_of_pairs
from condense.edges.candidates import candidates
from condense.edges.kept_edges import greatest, greatest_mirrored
from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import Pairs
from condense.edges.partition import EdgesBetweenClusters


@dataclass(frozen=True)
class Structure:
    """The edges among clusters: log-weights of candidate pairs, of which a budget is kept.

    Attributes:
        pairs: primary relation -> which pairs of [n'_dst, n'_src] may be joined; see
            `condense.edges.candidates`.
        logits: primary relation -> log-weights [k] of these pairs. They may be optimised.
        degree: relation -> mean in-degree [n'_dst] of the nodes that each condensed one stands for.
        budget: relation -> how many edges are kept.
        mirror: relation -> the one that it is the transpose of.
    """

    pairs: Mapping[EdgeType, Pairs]
    logits: Mapping[EdgeType, Tensor]
    degree: Mapping[EdgeType, Tensor]
    budget: Mapping[EdgeType, int]
    mirror: Mapping[EdgeType, EdgeType]

    @classmethod
    def of(cls, partition: EdgesBetweenClusters, budget: Budget, absent: float) -> Structure:
        """The structure whose weights are the counts of the whole graph's edges between clusters.

        Args:
            partition: the clusters.
            budget: how many edges of each relation are kept.
            absent: the count that stands for "no edge between these clusters"; with 0 none can come in.
                A cluster that no edge of the relation joins to any cluster stays without in either case.
        """
        mirror, pairs, logits = partition.reverses(), {}, {}
        for r in first_of_pairs(partition.relations, mirror):
            symmetric = mirror.get(r) == r
            counts = partition.edge_counts(r)
            pairs[r], initial = candidates(counts, budget.edges[r], absent, symmetric)
            logits[r] = initial.log()
        return cls(
            pairs=pairs,
            logits=logits,
            degree={r: partition.mean_degree(r) for r in partition.relations},
            budget=budget.edges,
            mirror=mirror,
        )

    def weights(self) -> dict[EdgeType, PairMatrix]:
        """C′_r [n'_dst, n'_src] of every relation, in the graph's order; a mirrored one is a transpose."""
        matrices: dict[EdgeType, PairMatrix] = {}
        for r, logits in self.logits.items():
            symmetric = self.mirror.get(r) == r
            matrices[r] = edge_matrix(logits, self.pairs[r], self.budget[r], symmetric)
        return {
            r: matrices[r] if r in matrices else matrices[self.mirror[r]].T for r in self.degree
        }

    def saved(self) -> dict[EdgeType, PairMatrix]:
        """A′_r [n'_dst, n'_src], the same edges with the weights that are saved."""
        return {r: with_degrees(w, self.degree[r]) for r, w in self.weights().items()}


def edge_matrix(
    logits: Float[Tensor, " k"], pairs: Pairs, budget: int, symmetric: bool = False
) -> PairMatrix:
    """C′: weights of the kept edges, with gradients for all candidate pairs.

    Forward, the `budget` greatest entries hold budget · softmax(logits) over the kept ones: the total
    weight of C′ always equals the number of edges, so no penalty can make the structure fade away.
    Backward, kept pairs receive the exact gradient, and the pairs left out the one that their weight
    would pass on if it were there (straight-through), so an edge can come in.

    Args:
        logits: of each candidate.
        pairs: the candidates; all other pairs stay without an edge.
        budget: how many entries to keep; for a symmetric relation both (i, j) and (j, i) count.
        symmetric: the relation is its own transpose; the logits are averaged with their partners'.
    """
    if symmetric:
        logits = _Averaged.apply(logits, pairs)  # pyright: ignore
        kept = greatest_mirrored(logits.detach(), pairs, budget)
    else:
        kept = greatest(logits.detach(), pairs, budget)
    values = _EdgeWeights.apply(logits, kept)
    assert isinstance(values, Tensor)
    return PairMatrix(values, pairs, kept)


class _Averaged(torch.autograd.Function):
    """Each pair's value averaged with its partner's, which is also what the gradient needs."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, pairs: Pairs) -> Tensor:  # pyright: ignore
        ctx.pairs = pairs
        return _averaged(values, pairs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore
        return _averaged(grad, ctx.pairs), None


def _averaged(values: Float[Tensor, " k"], pairs: Pairs) -> Float[Tensor, " k"]:
    if pairs.grid is not None:  # Of the same rows and columns.
        square = values.view(pairs.grid.shape)
        return ((square + square.T) / 2).flatten()
    return (values + values[pairs.partner]) / 2


class _EdgeWeights(torch.autograd.Function):
    """k · softmax over the k kept entries, which alone are computed; see `edge_matrix`.

    With w = k e^l / Σ_kept e^l for kept and absent pairs alike and G = ∂L/∂C′, the gradient is w G for
    absent pairs and w (G − Σ_kept w G / k) for kept ones.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, kept: Tensor) -> Tensor:  # pyright: ignore
        entries = logits[kept]
        # Any reference would do; the greatest logit does not overflow.
        top = entries.max() if len(kept) else logits.new_zeros(())
        strength = (entries - top).exp()
        ctx.scale = len(kept) / strength.sum() if len(kept) else logits.new_zeros(())
        ctx.top = top
        ctx.save_for_backward(logits, kept)
        return torch.zeros_like(logits).index_copy_(0, kept, strength * ctx.scale)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, None]:  # pyright: ignore
        logits, kept = ctx.saved_tensors
        if not len(kept):
            return torch.zeros_like(logits), None
        weight = (logits - ctx.top).exp_().mul_(ctx.scale)
        felt = weight * grad
        felt[kept] -= weight[kept] * felt[kept].mean()
        return felt, None


def with_degrees(weight: PairMatrix, degree: Float[Tensor, " n_dst"]) -> PairMatrix:
    """A′ = diag(d) D⁻¹ C′: each row shares out d, the mean in-degree of the nodes that it stands for.

    Where every node is in a cluster and all pairs are kept, A′ = diag(1/size) PᵀAP: a weight is the
    number of neighbours in the source's cluster that a member of the destination's has, and an operator
    D^{-1/2}(A′ + I)D^{-1/2} acts on cluster means as that of the whole graph does on the nodes, up to
    what the clusters blur. A mirrored or symmetric relation keeps mirrored pairs, but each side has its
    own degrees. Operators that average over neighbours see no difference between A′ and C′.
    """
    return weight.row_normalised().times_rows(degree)
