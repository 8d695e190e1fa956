"""Reverse neighbours against a full table of distances; greedy coverage by its definition."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.selection import coverage
from condense.selection.coverage import by_coverage, nearest


def lists(seed: int, points: int, count: int, k: int) -> torch.Tensor:
    """k different rows for each point, some rows far more often than others."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(count, 0.5)) + 1e-6
    draw = [rng.choice(count, k, replace=False, p=share / share.sum()) for _ in range(points)]
    return torch.tensor(np.array(draw))


def by_definition(near: list[list[int]], count: int) -> list[int]:
    reverse = [{v for v, rows in enumerate(near) if q in rows} for q in range(count)]
    order: list[int] = []
    covered: set[int] = set()
    while len(order) < count:
        rest = [q for q in range(count) if q not in order]
        gain = [len(reverse[q] - covered) for q in rest]
        if not any(gain):
            covered, gain = set(), [len(reverse[q]) for q in rest]
        best = rest[gain.index(max(gain))]
        order.append(best)
        covered |= reverse[best]
    return order


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 14), st.integers(1, 14), st.data())
def test_order_is_that_of_the_definition(seed, points, count, data):
    near = lists(seed, points, count, data.draw(st.integers(1, min(count, 5))))
    assert by_coverage(near, count).tolist() == by_definition(near.tolist(), count)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5))
def test_covers_most_of_what_so_many_rows_can(seed, picks):
    near = lists(seed, points=25, count=9, k=2)
    reverse = [set((near == q).any(1).nonzero().flatten().tolist()) for q in range(9)]
    best = max(len(set.union(*(reverse[q] for q in c))) for c in combinations(range(9), picks))
    ours = set.union(*(reverse[q] for q in by_coverage(near, 9)[:picks].tolist()))
    assert len(ours) >= (1 - 1 / np.e) * best


def test_a_worked_example():
    # Row 2 covers three points; then 0 adds one and 1 none, so 0 comes first, and 3 covers nothing at all.
    near = torch.tensor([[2, 1], [1, 2], [2, 0], [0, 2], [0, 1]])
    assert by_coverage(near, 4).tolist() == [2, 0, 1, 3]


@pytest.mark.parametrize("block", [1, 70, 2**25])
def test_nearest_rows_are_those_of_a_table_of_distances(block, monkeypatch):
    monkeypatch.setattr(coverage, "BLOCK", block)
    x = 3 + torch.randn(23, 4, generator=torch.Generator().manual_seed(0)).double()
    rows = torch.tensor([20, 3, 7])
    expected = torch.cdist(x, x)[rows].argsort(dim=1)[:, :5]
    assert torch.equal(nearest(x, rows, 5), expected)
    assert torch.equal(expected[:, 0], rows)


def test_a_row_is_its_own_neighbour_among_copies_of_it():
    assert nearest(torch.ones(6, 2), torch.arange(6), 1).flatten().tolist() == list(range(6))
