"""The distance between the structures of two graphs, by optimal transport of signals on them."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.pair_mlp import normalised
from condense.methods.sgdd.fidelity import fidelity
from condense.running.finite import all_finite

LEAST = 0.009
"""Eigenvalues of a Laplacian below it count as 0 in its pseudo-inverse (COPT's code)."""

COLUMNS = 256
"""So many columns of S are written out at once."""


class StructureDistance(nn.Module):
    """W(A, A') = Σ_xy P_xy E (f_x − g_y)², least over all joint laws of signals f on A and g on A'.

    Signals are smooth along edges, f ~ N(0, L†) and g ~ N(0, L'†) with L = I − S, so that

        W = Σ_x (P 1)_x L†_xx + Σ_y (Pᵀ 1)_y L'†_yy − 2 tr ( L'†^½ Pᵀ L† P L'†^½ )^½

    (Dong and Sawin, COPT, NeurIPS 2020). P, a parameter, couples the nodes of both graphs: Sinkhorn's
    iterations give its rows the sum 1/m and its columns 1/n'. W ≥ 0. An A' without edges has g = 0.

    Args:
        laplacian: L of the m nodes of the whole graph that are compared.
        nodes: n'.
        iterations: of Sinkhorn's scaling.
        generator: draws P, uniform in (0, 1) before scaling.
    """

    def __init__(
        self,
        laplacian: Float[Tensor, "m m"],
        nodes: int,
        iterations: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.inverse = pseudo_inverse(laplacian)  # L†
        self.iterations = iterations
        drawn = torch.rand(
            len(laplacian), nodes, generator=generator, dtype=laplacian.dtype,
            device=laplacian.device,
        )  # fmt: skip
        self.plan = nn.Parameter(drawn)

    def forward(self, adjacency: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
        """W(A, A'), differentiable in A' and in P; NaN where A' is not finite.

        Args:
            adjacency: A', symmetric, not negative, without self-loops.
        """
        plan = self.coupling()
        if not all_finite((adjacency, plan)):
            return adjacency.sum() + plan.sum() + torch.nan
        moved = self.inverse @ plan.detach()  # [m, n']
        # Pᵀ L† P with the slope of both factors, at the cost of one product with L†.
        half = plan.T @ moved
        covariance = half + half.T - half.detach()
        inverse = condensed_inverse(adjacency)
        at_whole = plan.sum(dim=1) @ self.inverse.diagonal()
        at_condensed = plan.sum(dim=0) @ inverse.diagonal()
        return at_whole + at_condensed - 2 * fidelity(covariance, inverse)

    def coupling(self) -> Float[Tensor, "m n"]:
        """P: what is drawn or learned, without signs, after Sinkhorn's iterations."""
        m, n = self.plan.shape
        plan = self.plan.abs()
        for _ in range(self.iterations):
            plan = plan / (m * plan.sum(dim=1, keepdim=True))
            plan = plan / (n * plan.sum(dim=0, keepdim=True))
        return plan


def pseudo_inverse(laplacian: Float[Tensor, "m m"]) -> Float[Tensor, "m m"]:
    """L† = Σ u uᵀ / λ over the eigenvalues λ ≥ LEAST."""
    values, vectors = torch.linalg.eigh(laplacian)
    inverse = torch.where(values >= LEAST, values, torch.inf).reciprocal()
    return (vectors * inverse) @ vectors.T


def condensed_inverse(adjacency: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """The same for L' = I − S' of a condensed graph; differentiable.

    torch differentiates it without eigenvectors, by the formula of Golub and Pereyra for a constant rank.
    """
    operator = normalised(adjacency)
    laplacian = torch.eye(len(operator), dtype=operator.dtype, device=operator.device) - operator
    return torch.linalg.pinv(laplacian, atol=LEAST, rtol=0.0, hermitian=True)


def laplacian_of(
    view: HomogeneousGraph, most: int, generator: torch.Generator
) -> Float[Tensor, "m m"]:
    """The rows and columns of I − S that belong to at most so many nodes of the whole graph.

    Args:
        view: the whole graph; of an S that is not symmetric, the mean with its transpose is taken.
        most: nodes; of a larger graph they are drawn.
        generator: for the draw.
    """
    total, device = len(view.x), view.x.device
    nodes = torch.arange(total, device=device)
    if total > most:
        nodes = torch.randperm(total, generator=generator, device=device)[:most].sort().values
    parts = []
    for block in nodes.split(COLUMNS):
        unit = view.x.new_zeros(total, len(block))
        unit[block, torch.arange(len(block), device=device)] = 1
        parts.append((view.operator @ unit)[nodes])
    s = torch.cat(parts, dim=1)
    return torch.eye(len(s), dtype=s.dtype, device=device) - (s + s.T) / 2
