"""Products with few edges equal dense ones, and pass gradients to all pairs."""

from __future__ import annotations

import pytest
import torch

from condense.sparse_product import StraightThroughMatrix

pytestmark = pytest.mark.usefixtures("double")


def matrix(share, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(9, 14, generator=rng) * (torch.rand(9, 14, generator=rng) < share)


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0], ids=["no edge", "few edges", "all edges"])
def test_product_and_both_gradients_are_those_of_the_dense_matrix(share):
    dense = matrix(share).requires_grad_()
    x = torch.randn(14, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    ours, theirs = StraightThroughMatrix(dense) @ x, dense @ x
    torch.testing.assert_close(ours, theirs)
    weight = torch.randn(9, 3, generator=torch.Generator().manual_seed(2))
    for mine, expected in zip(
        torch.autograd.grad((ours * weight).sum(), (dense, x)),
        torch.autograd.grad((theirs * weight).sum(), (dense, x)),
        strict=True,
    ):
        torch.testing.assert_close(mine, expected)
    # A pair without an edge has a gradient too.
    (to_dense,) = torch.autograd.grad((StraightThroughMatrix(dense) @ x * weight).sum(), dense)
    assert bool((to_dense != 0).all())


def test_few_edges_are_multiplied_sparsely():
    assert StraightThroughMatrix(matrix(0.03)).forward.layout == torch.sparse_csr
    assert StraightThroughMatrix(matrix(0.9)).forward.layout == torch.strided


def test_without_gradients():
    x = torch.ones(14, 2)
    found = StraightThroughMatrix(matrix(0.05)) @ x
    assert not found.requires_grad
