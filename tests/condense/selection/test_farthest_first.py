"""Farthest-first traversal by the definition, and its guarantee."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.selection.farthest_first import farthest_first


def by_definition(x: np.ndarray, count: int) -> list[int]:
    """Nearest to the mean first; then the row whose nearest picked one is farthest."""
    picked = [int(np.argmin([np.linalg.norm(row - x.mean(axis=0)) for row in x]))]
    while len(picked) < count:
        away = {
            p: min(np.linalg.norm(x[p] - x[j]) for j in picked)
            for p in range(len(x))
            if p not in picked
        }
        picked.append(max(away, key=lambda p: away[p]))
    return picked


def radius(x: np.ndarray, centres) -> float:
    """The greatest distance of a row to its nearest centre."""
    return max(min(np.linalg.norm(row - x[c]) for c in centres) for row in x)


def points(seed: int, n: int, width: int) -> torch.Tensor:
    return 5 + torch.randn(n, width, generator=torch.Generator().manual_seed(seed)).double()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 15), st.integers(1, 4), st.data())
def test_picks_are_those_of_the_definition(seed, n, width, data):
    # From three rows on: two are equally near to their mean.
    count = data.draw(st.integers(1, n))
    x = points(seed, n, width)
    assert farthest_first(x, count).tolist() == by_definition(x.numpy(), count)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 8), st.integers(1, 4))
def test_the_radius_is_at_most_twice_the_best(seed, n, count):
    count = min(count, n)
    x = points(seed, n, 2)
    best = min(radius(x.numpy(), c) for c in combinations(range(n), count))
    assert radius(x.numpy(), farthest_first(x, count).tolist()) <= 2 * best + 1e-9


def test_a_worked_example():
    # μ = 4: 3 is nearest, 10 farthest from it, then 0 (3 away), then 1 (1 away from 0).
    assert farthest_first(torch.tensor([[0.0], [1.0], [3.0], [10.0], [6.0]]), 5).tolist() == [
        2, 3, 0, 4, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("offset", [0.0, 1000.1])
@pytest.mark.parametrize("count", [3, 4, 9])
def test_rows_that_coincide_come_last_and_never_twice(count, offset):
    x = offset + torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]]).repeat(3, 1)
    picked = farthest_first(x, count).tolist()
    assert len(set(picked)) == count
    assert len({p % 3 for p in picked[:3]}) == 3
