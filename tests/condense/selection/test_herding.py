"""Herding by the definition, in a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.selection.herding import herd


def by_definition(x: np.ndarray, count: int) -> list[int]:
    """p_i = argmin over p not picked yet of ‖μ − (x_p + Σ_{j<i} x_{p_j}) / i‖."""
    mean, picked = x.mean(axis=0), []
    for i in range(1, count + 1):
        error = {
            p: np.linalg.norm(mean - (x[p] + sum(x[j] for j in picked)) / i)
            for p in range(len(x))
            if p not in picked
        }
        picked.append(min(error, key=lambda p: error[p]))
    return picked


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 15), st.integers(1, 4), st.data())
def test_picks_are_those_of_the_definition(seed, n, width, data):
    count = data.draw(st.integers(1, n))
    x = 5 + torch.randn(n, width, generator=torch.Generator().manual_seed(seed)).double()
    assert herd(x, count).tolist() == by_definition(x.numpy(), count)


def test_a_worked_example():
    # μ = 3.1: 2 is nearest; 4.2 would then be best, 2.8 and 5.9 after it.
    assert herd(torch.tensor([[0.0], [2.0], [4.5], [9.0], [0.0]]), 4).tolist() == [1, 2, 0, 3]


@pytest.mark.parametrize("count", [1, 4, 9])
def test_rows_that_coincide_are_not_picked_twice(count):
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]]).repeat(3, 1)
    picked = herd(x, count).tolist()
    assert len(set(picked)) == count
    expected = x[by_definition(x.double().numpy(), count)]
    torch.testing.assert_close(x[picked].mean(dim=0), expected.mean(dim=0))


def test_the_mean_is_followed_more_closely_than_by_chance():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(200, 8, generator=rng)
    error = (x[herd(x, 10)].mean(dim=0) - x.mean(dim=0)).norm()
    drawn = [x[torch.randperm(200, generator=rng)[:10]].mean(dim=0) for _ in range(50)]
    assert error < min((d - x.mean(dim=0)).norm() for d in drawn)
