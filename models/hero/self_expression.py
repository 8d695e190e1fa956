"""The homophilous view of HERO: each target node as a combination of all that resemble it.

The self-expressive matrix S, by the authors' public code, minimises

    ‖H − S H‖² + α Σ_ij D_ij S_ij + β ‖S‖²,    that is    S = (H Hᵀ − α/2 D) (H Hᵀ + β I)⁻¹,

for embeddings H [n, d] and the distances D; the view is Z = S H. Neither S nor D is formed:

- (H Hᵀ + β I)⁻¹ H = H (Hᵀ H + β I)⁻¹, a d × d system.
- D_ij = ‖x_i − x_j‖² of the raw features, over the root of its row's sum of squares. With a_i = ‖x_i‖² it is
  a_i + a_j − 2 x_i·x_j before that, so D times a matrix costs two products with the features.

The authors' code sets distances below a quantile to zero, on all its data sets but DBLP. That needs all n × n
of them and is left out.

Hᵀ H grows with n, the entries of a unit row of D shrink by √n, and a model learns from a condensed graph of a
dozen nodes what it does on a whole one. So α = α̂ √n and β = β̂ n: with G = Hᵀ H / n and C = H (G + β̂ I)⁻¹,

    Z = C G − α̂/2 · D̃ C / n,    D̃_ij = D_ij / (mean_k D_ik²)^½,

which does not change where every node comes twice. G, and the means over nodes, are of the graph at hand, as
HAN's β is, so they do shift between condensed and whole graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

ROUNDING = 16
"""Nodes count as equal if their features differ by fewer units in the last place, on average."""
BLOCK = 2**22
"""About so many entries of a further matrix are held at a time."""


@dataclass(frozen=True)
class Distances:
    """D̃, as what its product with a matrix needs.

    Attributes:
        x: features, centred and scaled to mean_i a_i = 1, neither of which changes D̃.
        a: a_i = ‖x_i‖².
        scale: 1 / (mean_j D_ij²)^½; zero where all nodes are alike.
    """

    x: Float[Tensor, "n w"]
    a: Float[Tensor, " n"]
    scale: Float[Tensor, " n"]

    def mean_with(self, c: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """D̃ C / n, at the cost of two products of the features' size."""
        n = c.size(0)
        product = torch.outer(self.a, c.mean(dim=0)) + c.T @ self.a / n  # [n, d]
        return self.scale.unsqueeze(1) * (product - 2 * (self.x @ (self.x.T @ c / n)))


def distances(x: Float[Tensor, "n w"]) -> Distances:
    """D̃ of feature rows.

    The scale is exact and takes O(n w min(n, w)): pair by pair in graphs of fewer nodes than features, and by

        mean_j D_ij² = a_i² + mean_j a_j² + 2 a_i mean_j a_j + 4 x_iᵀ (Xᵀ X / n) x_i − 4 x_i · mean_j a_j x_j

    for centred x in others. No term is more than 32 times the sum, so single precision is enough; and the
    sum is at least (a_i + mean_j a_j)², which the scaling makes at least one.

    Args:
        x: features side by side; of width zero where the target type has none.

    Returns:
        D̃ = 0 where all nodes are alike, as one node alone is.
    """
    n = x.size(0)
    raw = torch.linalg.vector_norm(x, dtype=torch.float64).square() / n
    x = x - x.mean(dim=0, dtype=torch.float64).to(x.dtype)
    spread = torch.linalg.vector_norm(x, dtype=torch.float64).square() / n  # mean_i a_i
    if bool(spread <= (ROUNDING * torch.finfo(x.dtype).eps) ** 2 * raw):
        nothing = x.new_zeros(n)
        return Distances(torch.zeros_like(x), nothing, nothing)
    x = x / spread.sqrt().to(x.dtype)
    a = x.square().sum(dim=1)
    return Distances(x, a, _mean_square(x, a).rsqrt())


def _mean_square(x: Float[Tensor, "n w"], a: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """mean_j D_ij² of centred x."""
    n, w = x.shape
    parts = x.split(max(1, BLOCK // min(n, w)))
    if n < w:
        own = a.split([len(part) for part in parts])
        apart = (
            b.unsqueeze(1) + a - 2 * part @ x.T for part, b in zip(parts, own, strict=True)
        )  # [b, n]
        return torch.cat([d.square().mean(dim=1) for d in apart])
    second, third = x.T @ x / n, x.T @ a / n  # [w, w], [w]
    form = torch.cat([((part @ second - third) * part).sum(dim=1) for part in parts])
    return a.square() + a.square().mean() + 2 * a * a.mean() + 4 * form


def self_expressed(
    h: Float[Tensor, "n d"], apart: Distances, alpha: float, beta: float
) -> Float[Tensor, "n d"]:
    """Z = S H.

    Args:
        h: H.
        apart: D̃ of the same nodes.
        alpha: α̂, the weight of distances.
        beta: β̂ > 0, the weight of the matrix's size.
    """
    gram = h.T @ h / h.size(0)  # [d, d]
    ridge = beta * torch.eye(h.size(1), dtype=h.dtype, device=h.device)
    c = torch.linalg.solve(gram + ridge, h, left=False)  # [n, d]
    return c @ gram - alpha / 2 * apart.mean_with(c)
