"""The fidelity of two Gaussians against singular values and finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from condense.methods.sgdd.fidelity import fidelity


def factor(n: int, rank: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, rank, generator=generator, dtype=torch.float64)


def covariance(n: int, rank: int, seed: int) -> Tensor:
    return factor(n, rank, seed) @ factor(n, rank, seed).T


@pytest.mark.parametrize("ranks", [(5, 5), (2, 5), (5, 3), (3, 2)])
def test_is_the_sum_of_singular_values_between_factors(ranks: tuple[int, int]) -> None:
    """With K = F Fᵀ and S = G Gᵀ it is the nuclear norm of Fᵀ G."""
    left, right = factor(5, ranks[0], 0), factor(5, ranks[1], 1)
    expected = float(torch.linalg.svdvals(left.T @ right).sum())
    k, s = left @ left.T, right @ right.T
    assert float(fidelity(k, s)) == pytest.approx(expected, rel=1e-6)
    assert float(fidelity(s, k)) == pytest.approx(expected, rel=1e-6)


def test_of_equals_is_the_trace() -> None:
    k = covariance(5, 3, 0)
    assert float(fidelity(k, k)) == pytest.approx(float(k.trace()), rel=1e-6)
    assert float(fidelity(torch.zeros_like(k), k)) == 0


def test_slopes_equal_finite_differences() -> None:
    parts = [covariance(4, 4, seed).requires_grad_() for seed in (0, 1)]

    def symmetric(k: Tensor, s: Tensor) -> Tensor:
        return fidelity((k + k.T) / 2, (s + s.T) / 2)

    assert torch.autograd.gradcheck(symmetric, parts)


def test_equal_eigenvalues_and_none_have_finite_slopes() -> None:
    """Where eigenvectors are not determined, and where a covariance vanishes in some directions."""
    one = torch.eye(4, dtype=torch.float64)
    part = torch.diag(torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64))
    for k, s, expected in [(one, 4 * one, one), (part, 4 * one, part), (0 * one, one, 0 * one)]:
        k = k.clone().requires_grad_()
        (slope,) = torch.autograd.grad(fidelity(k, s), k)
        torch.testing.assert_close(slope, expected)
