"""Distances against sums over classes and columns, one at a time."""

from __future__ import annotations

import math

import pytest
import torch

from condense.methods.gcond.distance import EPSILON, by_columns, squared

RNG = torch.Generator().manual_seed(0)
CONDENSED = torch.randn(3, 5, 4, generator=RNG, dtype=torch.float64)
WHOLE = torch.randn(3, 5, 4, generator=RNG, dtype=torch.float64)


def test_columns_are_compared_by_their_angles() -> None:
    expected = []
    for g, t in zip(CONDENSED, WHOLE, strict=True):
        total = 0.0
        for j in range(4):
            a, b = g[:, j].tolist(), t[:, j].tolist()
            dot = sum(x * y for x, y in zip(a, b, strict=True))
            total += 1 - dot / (math.hypot(*a) * math.hypot(*b) + EPSILON)
        expected.append(total)
    assert by_columns(CONDENSED, WHOLE).tolist() == pytest.approx(expected, rel=1e-12)
    assert by_columns(3 * CONDENSED, CONDENSED).abs().max() < 1e-4


def test_squares_are_summed() -> None:
    expected = [
        sum((x - y) ** 2 for x, y in zip(g.flatten().tolist(), t.flatten().tolist(), strict=True))
        for g, t in zip(CONDENSED, WHOLE, strict=True)
    ]
    assert squared(CONDENSED, WHOLE).tolist() == pytest.approx(expected, rel=1e-12)


def test_a_column_that_vanishes_counts_as_one() -> None:
    found = CONDENSED.clone()
    found[1] = 0
    found.requires_grad_()
    distance = by_columns(found, WHOLE)
    assert distance[1] == 4
    (slope,) = torch.autograd.grad(distance.sum(), found)
    torch.testing.assert_close(slope[1], -WHOLE[1] / EPSILON)
    assert bool(slope.isfinite().all())
