"""Products with few edges equal dense ones, and pass gradients to all candidate pairs."""

from __future__ import annotations

import pytest
import torch

from condense.edges.pair_matrix import PairMatrix
from condense.edges.sparse_product import SAMPLED, StraightThroughMatrix, products_at
from tests.condense.edges.test_pairs import combined, some

pytestmark = pytest.mark.usefixtures("double")


def matrix(share, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(9, 14, generator=rng) * (torch.rand(9, 14, generator=rng) < share)


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0], ids=["no edge", "few edges", "all edges"])
def test_product_and_both_gradients_are_those_of_the_dense_matrix(share):
    dense = matrix(share).requires_grad_()
    x = torch.randn(14, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    ours, theirs = StraightThroughMatrix(PairMatrix.of(dense)) @ x, dense @ x
    torch.testing.assert_close(ours, theirs)
    weight = torch.randn(9, 3, generator=torch.Generator().manual_seed(2))
    for mine, expected in zip(
        torch.autograd.grad((ours * weight).sum(), (dense, x)),
        torch.autograd.grad((theirs * weight).sum(), (dense, x)),
        strict=True,
    ):
        torch.testing.assert_close(mine, expected)
    # A pair without an edge has a gradient too.
    (to_dense,) = torch.autograd.grad(
        (StraightThroughMatrix(PairMatrix.of(dense)) @ x * weight).sum(), dense
    )
    assert bool((to_dense != 0).all())


def test_few_edges_are_multiplied_sparsely():
    assert StraightThroughMatrix(PairMatrix.of(matrix(0.03))).forward.layout == torch.sparse_csr
    assert StraightThroughMatrix(PairMatrix.of(matrix(0.9))).forward.layout == torch.strided


def test_without_gradients():
    x = torch.ones(14, 2)
    found = StraightThroughMatrix(PairMatrix.of(matrix(0.05))) @ x
    assert not found.requires_grad


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.6, 1.0, "grid"])
@pytest.mark.parametrize("width", [1, 40])
def test_products_at_some_pairs_are_those_of_all(share, width):
    """Sampled where these are few, else gathered from the dense product, unless they are a grid."""
    pairs = combined(3, 23, 31) if share == "grid" else some(3, 23, 31, share)
    if share == "grid":
        assert pairs.grid is not None
        assert 0 < len(pairs) < 23 * 31
    else:
        assert (pairs.grid is None) is (0 < share < 1)
        assert (len(pairs) < SAMPLED * 23 * 31) is (share <= 0.2)
    rng = torch.Generator().manual_seed(0)
    left, right = torch.randn(23, width, generator=rng), torch.randn(width, 31, generator=rng).T
    found = products_at(pairs, left, right)
    expected = (left @ right.T)[pairs.rows, pairs.columns]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("gradient_of", ["A", "A transposed"])
def test_candidates_have_the_gradients_of_the_dense_matrix(share, turned, gradient_of):
    pairs = some(5, 20, 30, share)
    rng = torch.Generator().manual_seed(0)
    values = torch.rand(len(pairs), generator=rng)
    values = values * (torch.rand(len(pairs), generator=rng) < 0.2)
    kept = values.nonzero().flatten()
    values.requires_grad_()
    sparse = PairMatrix(values, pairs, kept, turned)
    ours, theirs = StraightThroughMatrix(sparse), sparse.dense()
    if gradient_of != "A":
        ours, theirs = ours.T, theirs.T
    x = torch.randn(theirs.size(1), 4, generator=rng).requires_grad_()
    weight = torch.randn(theirs.size(0), 4, generator=rng)
    torch.testing.assert_close(ours @ x, theirs @ x, rtol=1e-12, atol=1e-12)
    for mine, expected in zip(
        torch.autograd.grad((ours @ x * weight).sum(), (values, x)),
        torch.autograd.grad((theirs @ x * weight).sum(), (values, x)),
        strict=True,
    ):
        torch.testing.assert_close(mine, expected, rtol=1e-12, atol=1e-12)
    assert bool((mine != 0).any())
