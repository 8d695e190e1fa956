"""Sets of pairs, against lists."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.pairs import Pairs

SEEDS = st.integers(0, 2**31)


def some(seed, height, width, share=0.4):
    """A random set."""
    rng = torch.Generator().manual_seed(seed)
    there = torch.rand(height * width, generator=rng) < share
    return Pairs(there.nonzero().flatten(), (height, width))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 5), st.integers(0, 5))
def test_rows_columns_and_where_rows_start(seed, height, width):
    pairs = some(seed, height, width)
    places = [(i, j) for i in range(height) for j in range(width)]
    expected = [places[p] for p in pairs.place.tolist()]
    assert list(zip(pairs.rows.tolist(), pairs.columns.tolist(), strict=True)) == expected
    starts = [sum(r < i for r, _ in expected) for i in range(height + 1)]
    assert pairs.starts.tolist() == starts
    every = Pairs.every(height, width)
    assert every.all
    assert list(zip(every.rows.tolist(), every.columns.tolist(), strict=True)) == places
    assert pairs.all is (len(expected) == height * width)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_of_a_square_matrix(seed, n):
    half = some(seed, n, n)
    place = torch.cat([half.place, half.columns * n + half.rows]).unique()
    pairs = Pairs(place, (n, n))
    ends = list(zip(pairs.rows.tolist(), pairs.columns.tolist(), strict=True))
    assert [ends[p] for p in pairs.partner.tolist()] == [(j, i) for i, j in ends]
    assert [ends[p] for p in pairs.loops.tolist()] == [(i, j) for i, j in ends if i == j]
    assert [ends[p] for p in pairs.upper.tolist()] == [(i, j) for i, j in ends if i <= j]
