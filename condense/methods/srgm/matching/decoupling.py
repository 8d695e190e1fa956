"""Gradient decoupling: projecting out conflicts between the gradients of a node's modalities.

For two modalities with ⟨gᵃ, gᵇ⟩ < 0 the paper projects each against the original gradient of the other:
ĝᵃ = gᵃ − ⟨gᵃ, gᵇ⟩/‖gᵇ‖² · gᵇ. With three or more modalities pairwise projection can leave conflicts, so gᵃ
is projected onto the cone {v : ⟨v, gᵇ⟩ ≥ 0 for all b ≠ a}, which for two modalities is the same.
"""

from __future__ import annotations

from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor

ROTATIONS = 10


def decouple(g: Float[Tensor, "M n d"]) -> Float[Tensor, "M n d"]:
    """Project out conflicts between the gradients of M modalities.

    ĝᵃ = gᵃ + Σ_{b∈S} μ_b gᵇ solves min ‖v − gᵃ‖ subject to ⟨v, gᵇ⟩ ≥ 0. The active set S is found by
    trying all subsets of the other modalities and keeping, for each node, the one that satisfies the
    KKT conditions best (there is exactly one solution). ĝ is differentiable in g.

    A modality that a node lacks must have a zero row: it stays zero, and nothing is projected against it.

    Args:
        g: the gradient of each modality and node, all of one width. The cost is M·2^{M−1}: keep M small.

    Returns:
        ĝ, with ⟨ĝᵃ, gᵇ⟩ ≥ 0 for all a ≠ b up to rounding; ĝ = g where there is no conflict.
    """
    count = g.size(0)
    if count < 2:
        return g
    # A vector whose square would underflow counts as zero: its direction cannot be computed.
    alive = g.detach().abs().amax(dim=2, keepdim=True) > torch.finfo(g.dtype).tiny ** 0.5
    safe = torch.where(alive, g, 1.0)  # The norm has no derivative at zero.
    norm = torch.where(alive, safe.norm(dim=2, keepdim=True), 0.0)
    # Unit vectors make the tolerance below independent of the gradients' size (often 1e-4).
    unit = torch.where(alive, safe / safe.norm(dim=2, keepdim=True), 0.0)
    gram = torch.einsum("and,bnd->nab", unit, unit)  # [n, M, M]
    projected = []
    for a in range(count):
        coefficients = _active_set(gram, a)  # [n, M]
        shift = torch.einsum("nb,bnd->nd", coefficients, unit)
        projected.append(g[a] + norm[a] * shift)
    return torch.stack(projected)


def _active_set(gram: Float[Tensor, "n M M"], a: int) -> Float[Tensor, "n M"]:
    """μ ≥ 0 with uᵃ + Σ_b μ_b uᵇ in the cone of the other modalities, from unit vectors' Gram matrix."""
    n, count = gram.size(0), gram.size(1)
    others = [b for b in range(count) if b != a]
    best = gram.new_zeros(n, count)
    # The least violation so far; at μ = 0 it is the deepest conflict.
    worst = (-gram[:, a, others]).amax(dim=1).clamp_min(0)
    tolerance = 64 * torch.finfo(gram.dtype).eps
    for size in range(1, len(others) + 1):
        for subset in combinations(others, size):
            chosen = list(subset)
            mu = _solve(gram[:, chosen][:, :, chosen], -gram[:, chosen, a])  # [n, size]
            full = gram.new_zeros(n, count).index_copy(
                1, torch.tensor(chosen, device=gram.device), mu
            )
            reached = gram[:, a] + torch.einsum("nb,nbc->nc", full, gram)
            violation = torch.maximum(
                (-reached[:, others]).amax(dim=1), (-mu).amax(dim=1)
            ).clamp_min(0)
            better = (violation < worst - tolerance).unsqueeze(1)
            best = torch.where(better, full, best)
            worst = torch.minimum(worst, violation)
    return best


def _solve(matrix: Float[Tensor, "n k k"], right: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
    """Solve each small system; an absent modality (a zero row) gets 0."""
    k = matrix.size(1)
    absent = matrix.diagonal(dim1=1, dim2=2) < 0.5  # A unit vector has 1 there, an absent one 0.
    # Parallel gradients make the matrix singular; any solution is right, and the ridge keeps it small.
    ridge = 8 * torch.finfo(matrix.dtype).eps if k > 1 else 0.0
    diagonal = absent.to(matrix.dtype) + ridge
    return torch.linalg.solve(matrix + torch.diag_embed(diagonal), right)


def conflict_rate(g: Float[Tensor, "M n d"]) -> float:
    """Share of (node, pair of modalities) with ⟨gᵃ, gᵇ⟩ < 0, among pairs of non-zero gradients.

    Random vectors conflict half of the time; compare with `chance_conflict_rate`. NaN if there is no pair.
    """
    conflicts, pairs = 0, 0
    alive = g.abs().amax(dim=2) > 0  # [M, n]
    for a, b in combinations(range(g.size(0)), 2):
        both = alive[a] & alive[b]
        pairs += int(both.sum())
        conflicts += int((((g[a] * g[b]).sum(dim=1) < 0) & both).sum())
    return conflicts / pairs if pairs else float("nan")


def chance_conflict_rate(g: Float[Tensor, "M n d"], generator: torch.Generator) -> float:
    """The conflict rate by chance: the mean rate after each modality is turned by its own random rotation.

    The rate is averaged over `ROTATIONS` draws, since the gradients of one step lie in few directions and a
    single rotation gives a noisy rate. A rotation is the Q of a Gaussian matrix with the signs of R's
    diagonal, which makes it uniform (Mezzadri, Notices of the AMS 54, 2007); Q alone would favour some
    directions.
    """
    rates = []
    for _ in range(ROTATIONS):
        noise = torch.randn(
            g.size(0), g.size(2), g.size(2), generator=generator, dtype=g.dtype, device=g.device
        )
        q, r = torch.linalg.qr(noise)
        sign = r.diagonal(dim1=1, dim2=2).sign().unsqueeze(1)
        rates.append(conflict_rate(g @ (q * sign)))
    return sum(rates) / ROTATIONS
