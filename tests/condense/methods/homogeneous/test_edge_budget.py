"""The heaviest pairs against a sorted list, and the gradient that they pass on."""

from __future__ import annotations

import torch

from condense.methods.homogeneous.edge_budget import heaviest


def symmetric(n: int) -> torch.Tensor:
    a = torch.rand(n, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (a + a.T).fill_diagonal_(0)


def test_the_heaviest_pairs_stay() -> None:
    a = symmetric(5)
    pairs = sorted(((float(a[i, j]), i, j) for i in range(5) for j in range(i)), reverse=True)
    expected = torch.zeros_like(a)
    for weight, i, j in pairs[:3]:
        expected[i, j] = expected[j, i] = weight
    for most in (6, 7):
        assert torch.equal(heaviest(a, most), expected)


def test_a_budget_for_all_or_for_none() -> None:
    a = symmetric(4)
    assert torch.equal(heaviest(a, 12), a)
    assert torch.equal(heaviest(a, 1), torch.zeros_like(a))


def test_pairs_that_stay_pass_their_gradient_on() -> None:
    a = symmetric(4).requires_grad_()
    (gradient,) = torch.autograd.grad(heaviest(a, 4).sum(), a)
    assert torch.equal(gradient, (heaviest(a, 4) > 0).to(a.dtype))
