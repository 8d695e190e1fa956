"""Products with learning values against dense matrices, forward and backward."""

from __future__ import annotations

import pytest
import torch

from models.hetcrf.pattern import Pattern
from tests.support.dense import assert_near

pytestmark = pytest.mark.usefixtures("double")


def some(seed=0, shape=(5, 7), share=0.4):
    rng = torch.Generator().manual_seed(seed)
    rows, columns = (torch.rand(shape, generator=rng) < share).nonzero().T
    return Pattern(rows, columns, shape), rng


def dense(pattern, values):
    matrix = values.new_zeros(pattern.size)
    return matrix.index_put((pattern.rows, pattern.columns), values)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_product_and_its_gradients_are_dense_ones(share):
    pattern, rng = some(share=share)
    values = torch.randn(len(pattern.rows), generator=rng).requires_grad_()
    x = torch.randn(7, 3, generator=rng).requires_grad_()
    to = torch.randn(5, 3, generator=rng)
    got, expected = pattern.product(values, x), dense(pattern, values) @ x
    assert_near(got.detach(), expected.detach(), 1e-13)
    for mine, theirs in zip(
        torch.autograd.grad((got * to).sum(), (values, x)),
        torch.autograd.grad((expected * to).sum(), (values, x)),
        strict=True,
    ):
        assert_near(mine, theirs, 1e-13)


def test_inner_products_and_their_gradients_are_dense_ones():
    pattern, rng = some()
    u = torch.randn(5, 3, generator=rng).requires_grad_()
    v = torch.randn(7, 3, generator=rng).requires_grad_()
    to = torch.randn(len(pattern.rows), generator=rng)
    got, expected = pattern.inner(u, v), (u @ v.T)[pattern.rows, pattern.columns]
    assert_near(got.detach(), expected.detach(), 1e-13)
    for mine, theirs in zip(
        torch.autograd.grad(got @ to, (u, v)),
        torch.autograd.grad(expected @ to, (u, v)),
        strict=True,
    ):
        assert_near(mine, theirs, 1e-13)


def test_matrix_and_its_transpose():
    pattern, rng = some(shape=(4, 9))
    values = torch.randn(len(pattern.rows), generator=rng)
    expected = dense(pattern, values)
    assert torch.equal(pattern.matrix(values).to_dense(), expected)
    assert torch.equal(pattern.transposed(values).to_dense(), expected.T)
    assert torch.equal(pattern.edge_index(), torch.stack([pattern.columns, pattern.rows]))
