"""The structure-based neural tangent kernel, and ridge regression with it.

Between nodes i and j, with Σ_ij = Θ_ij = ⟨x_i, x_j⟩ at first, K times over (Wang et al., algorithm 1):

    Σ ← Ā Σ Ā'ᵀ,  Θ ← Ā Θ Ā'ᵀ                      Ā the mean over a node and its neighbours
    L times:  c_ij = Σ_ij / √(Σ_ii Σ_jj)
              Θ_ij ← Θ_ij κ₀(c_ij) + √(Σ_ii Σ_jj) κ₁(c_ij)
              Σ_ij ← √(Σ_ii Σ_jj) κ₁(c_ij)

    κ₀(c) = (π − arccos c) / π,    κ₁(c) = (c (π − arccos c) + √(1 − c²)) / π      (ReLU layers)

Since κ₁(1) = 1, layers leave Σ_ii as it is: only aggregations change it, and K numbers a node are all that
has to be known of its own row. The first aggregation is linear, ⟨Ā X, Ā' X'⟩, and is done on the features.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse import csr_matrix
from torch import Tensor

from condense.methods.homogeneous.graph import HomogeneousGraph
from models.propagation.sparse import SparseMap, csr, row_starts

NEAREST = 0.9999
"""Cosines are kept within ±0.9999, where the slope of κ₀ is finite; the authors' code does the same."""


@dataclass(frozen=True)
class KernelRows:
    """Nodes as the kernel reads them.

    Attributes:
        x: Ā X [m, d].
        mean: Ā among these nodes, which multiplies; None where none has a neighbour.
        norms: √Σ_ii [m] after each of the K aggregations.
    """

    x: Float[Tensor, "m d"]
    mean: SparseMap | None
    norms: Sequence[Float[Tensor, " m"]]

    @classmethod
    def among(
        cls, x: Float[Tensor, "m d"], adjacency: Float[Tensor, "m m"], times: int, layers: int
    ) -> KernelRows:
        """Nodes of a graph; takes m² numbers of memory for more than one aggregation.

        Args:
            x: features.
            adjacency: A among these nodes, without the self-loops that are added here.
            times: K.
            layers: L.
        """
        looped = adjacency + torch.eye(len(x), dtype=x.dtype, device=x.device)
        row, column = looped.nonzero().T
        value = (looped / looped.sum(dim=1, keepdim=True))[row, column]
        mean = SparseMap(csr(row_starts(row, len(x)), column, value, looped.shape))
        x = mean @ x
        norms = [x.norm(dim=1)]
        sigma = x @ x.T if times > 1 else x[:0]
        for _ in range(times - 1):
            scale = _outer(norms[-1], norms[-1])
            c = sigma / scale
            for _ in range(layers):
                c = kappas(c)[1]
            sigma = mean @ (mean @ (c * scale)).T  # Ā Σ Āᵀ of a symmetric Σ
            norms.append(sigma.diagonal().sqrt())
        return cls(x, mean, norms)

    @classmethod
    def alone(cls, x: Float[Tensor, "m d"], times: int) -> KernelRows:
        """Nodes without edges, A = I: aggregations change nothing. Differentiable in x."""
        return cls(x, None, [x.norm(dim=1)] * times)


def kernel(rows: KernelRows, others: KernelRows, layers: int) -> Float[Tensor, "m n"]:
    """Θ between nodes and nodes without edges.

    A node whose features are all zero has the kernel 0 with every node.

    Args:
        rows: with edges or without.
        others: without edges.
        layers: L.
    """
    sigma = theta = rows.x @ others.x.T
    for k, (norm, other) in enumerate(zip(rows.norms, others.norms, strict=True)):
        if k > 0 and rows.mean is not None:
            sigma, theta = (rows.mean @ torch.cat([sigma, theta], dim=1)).chunk(2, dim=1)
        scale = _outer(norm, other)
        c, t = sigma / scale, theta / scale
        for _ in range(layers):
            slope, c = kappas(c)
            t = t * slope + c
        sigma, theta = c * scale, t * scale
    return theta


def kappas(c: Float[Tensor, "*any"]) -> tuple[Float[Tensor, "*any"], Float[Tensor, "*any"]]:
    """κ₀ and κ₁ of cosines, which are kept within ±NEAREST first."""
    c = c.clamp(-NEAREST, NEAREST)
    angle = math.pi - torch.arccos(c)
    return angle / math.pi, (c * angle + (1 - c.square()).sqrt()) / math.pi


def _outer(one: Float[Tensor, " m"], other: Float[Tensor, " n"]) -> Float[Tensor, "m n"]:
    """√(Σ_ii Σ_jj), and a tiny number in place of 0, by which a zero Σ_ij can be divided."""
    return torch.outer(one, other).clamp_min(torch.finfo(one.dtype).tiny)


def ridge_weights(
    k_ss: Float[Tensor, "n n"], y: Float[Tensor, "n C"], ridge: float
) -> Float[Tensor, "n C"]:
    """(K_SS + λ (tr K_SS / n') I)⁻¹ Y', solved in double precision.

    Not finite where the matrix is singular or not finite; zero where K_SS is zero.

    Args:
        k_ss: the kernel among the condensed nodes.
        y: Y'.
        ridge: λ > 0.
    """
    k = k_ss.double()
    mean = k.diagonal().mean()
    if not bool(mean > 0):
        return y * mean
    eye = torch.eye(len(k), dtype=k.dtype, device=k.device)
    return torch.linalg.solve_ex(k + ridge * mean * eye, y.double())[0].to(y.dtype)


def adjacencies(
    view: HomogeneousGraph, groups: Sequence[Int[Tensor, " _"]]
) -> Iterator[Float[Tensor, "_ _"]]:
    """A of the union of meta-paths among the target nodes of each group.

    Sparse products of each group's rows and columns alone: A x with x one column a node takes minutes.
    """
    union = view.operator.adjacency
    counts = {r: _scipy(a.matrix) for r, a in union.counts.items()}
    means = {r: _scipy(a.matrix) for r, a in union.means.items()}
    for nodes in groups:
        here = nodes.cpu().numpy()
        total = np.zeros((len(here), len(here)))
        for first, *others in union.paths:
            rows = counts[first][here]
            for relation in others:
                rows = rows @ means[relation]
            total += rows[:, here].toarray()
        yield torch.from_numpy(total).to(view.x)


def _scipy(matrix: Tensor) -> csr_matrix:
    parts = (matrix.values(), matrix.col_indices(), matrix.crow_indices())
    return csr_matrix(tuple(part.cpu().numpy() for part in parts), shape=tuple(matrix.shape))
