"""Sets of pairs, against lists."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.edges.pairs import Pairs

SEEDS = st.integers(0, 2**31)


def some(seed, height, width, share=0.4):
    """A random set."""
    rng = torch.Generator().manual_seed(seed)
    there = torch.rand(height * width, generator=rng) < share
    return Pairs(there.nonzero().flatten(), (height, width))


def combined(seed, height, width, share=0.7):
    """A grid of random rows and columns."""
    rng = torch.Generator().manual_seed(seed)
    rows, columns = (torch.rand(n, generator=rng) < share for n in (height, width))
    there = rows.unsqueeze(1) & columns
    return Pairs(there.flatten().nonzero().flatten(), (height, width))


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


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.5, 0.9]))
def test_a_grid_is_every_combination_of_its_rows_and_columns(seed, height, width, share):
    pairs = some(seed, height, width, share)
    rows, columns = (sorted(set(x.tolist())) for x in (pairs.rows, pairs.columns))
    combined = [i * width + j for i in rows for j in columns]
    if pairs.place.tolist() != combined:
        assert pairs.grid is None
        return
    assert pairs.grid is not None
    assert pairs.grid.shape == (len(rows), len(columns))
    assert torch.arange(height)[pairs.grid.rows].tolist() == rows
    assert torch.arange(width)[pairs.grid.columns].tolist() == columns


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
