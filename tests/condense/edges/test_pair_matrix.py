"""A matrix on pairs does what the whole matrix does, transposed or not."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import Pairs
from tests.condense.edges.test_pairs import combined, some
from tests.support.dense import assert_near, averaging, spread

SEEDS = st.integers(0, 2**31)


def matrix(seed, rows, columns, share=0.6, turned=False):
    """Values [k], as a leaf, and a matrix of them of which about half are 0.

    At all pairs if `share` is 1, and at those of a grid if it is 0.
    """
    pairs = some(seed, rows, columns, share) if share else combined(seed, rows, columns)
    rng = torch.Generator().manual_seed(seed)
    values = torch.rand(len(pairs), generator=rng, dtype=torch.float64)
    values = values * (torch.rand(len(pairs), generator=rng) < 0.5)
    kept = values.nonzero().flatten()
    values.requires_grad_()
    return values, PairMatrix(values, pairs, kept, turned)


CASES = (
    SEEDS,
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([0.6, 1.0, 0.0]),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(*CASES)
def test_the_whole_matrix_and_its_entries(seed, rows, columns, share, turned):
    values, found = matrix(seed, rows, columns, share, turned)
    whole = spread(values, found.pairs)
    whole = whole.T if turned else whole
    assert found.shape == tuple(whole.shape)
    assert torch.equal(found.dense(), whole)
    assert torch.equal(found.T.dense(), whole.T)
    for mine, expected in zip(found.entries(), torch.where(whole > 0), strict=False):
        assert torch.equal(mine, expected)
    assert torch.equal(found.entries()[2], whole[whole > 0])
    again = PairMatrix.of(whole)
    assert again.pairs.all
    assert torch.equal(again.dense(), whole)
    assert len(again.kept) == len(found.kept)


@settings(max_examples=60, deadline=None)
@given(*CASES)
def test_rows_sum_to_one_or_are_zero(seed, rows, columns, share, turned):
    """And left-out pairs have the gradient that a weight there would have."""
    values, found = matrix(seed, rows, columns, share, turned)
    got, expected = found.row_normalised().dense(), averaging(found.dense())
    assert torch.allclose(got, expected, rtol=1e-12, atol=0)
    sums = got.detach().sum(dim=1)
    assert bool((((sums - 1).abs() < 1e-12) | (sums == 0)).all())
    factor = torch.randn(got.shape, generator=torch.Generator().manual_seed(1), dtype=got.dtype)
    (mine,) = torch.autograd.grad((got * got * factor).sum() + (got * factor).sum(), values)
    loss = (expected * expected * factor).sum() + (expected * factor).sum()
    if loss.requires_grad:
        (theirs,) = torch.autograd.grad(loss, values)
        assert torch.allclose(mine, theirs, rtol=1e-9, atol=1e-12)
    else:  # All rows are zero.
        assert not bool(mine.any())


@settings(max_examples=40, deadline=None)
@given(*CASES)
def test_rows_times_factors(seed, rows, columns, share, turned):
    values, found = matrix(seed, rows, columns, share, turned)
    factor = torch.arange(1.0, found.shape[0] + 1)
    got, expected = found.times_rows(factor).dense(), factor.unsqueeze(1) * found.dense()
    assert_near(got, expected)
    if values.numel():
        (mine,) = torch.autograd.grad(got.square().sum(), values)
        (theirs,) = torch.autograd.grad(expected.square().sum(), values)
        assert_near(mine, theirs)


@pytest.mark.parametrize("share", [0.6, 1.0, 0.0])
@pytest.mark.parametrize("turned", [False, True])
def test_without_loops(share, turned):
    values, found = matrix(3, 6, 6, share, turned)
    got = found.without_loops()
    assert bool(found.dense().diagonal().any())
    expected = found.dense() - found.dense().diagonal().diag()
    assert torch.equal(got.dense(), expected)
    assert len(got.kept) == int((expected > 0).sum())
    (gradient,) = torch.autograd.grad(got.dense().sum(), values)
    assert torch.equal(gradient == 0, found.pairs.rows == found.pairs.columns)


def test_without_pairs():
    found = PairMatrix(torch.zeros(0), Pairs(torch.arange(0), (2, 3)), torch.arange(0))
    assert not bool(found.row_normalised().times_rows(torch.ones(2)).dense().any())
    assert found.entries()[2].numel() == 0
