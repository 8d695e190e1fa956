"""Sums over all pairs against the dense matrix, in tiles of any size."""

from __future__ import annotations

import pytest
import torch

from models.hetcrf.exponential_sums import exponential_sums
from tests.support.dense import assert_near

pytestmark = pytest.mark.usefixtures("double")


def unit(n, seed, d=4):
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(x).requires_grad_()


@pytest.mark.parametrize("tile", [1, 3, 8, 512, 1 << 20])
def test_sums_and_gradients_are_those_of_the_dense_matrix(tile):
    u, v, sharpness = unit(11, 0), unit(8, 1), 3.0
    rng = torch.Generator().manual_seed(2)
    weights = torch.randn(11, generator=rng), torch.randn(8, generator=rng)
    dense = ((u @ v.T - 1) * sharpness).exp()
    slopes = []
    for sums in (exponential_sums(u, v, sharpness, tile), (dense.sum(1), dense.sum(0))):
        total = sum((a @ b for a, b in zip(sums, weights, strict=True)), torch.zeros(()))
        slopes.append((*sums, *torch.autograd.grad(total, (u, v), retain_graph=True)))
    for got, expected in zip(*slopes, strict=True):
        assert_near(got.detach(), expected.detach(), 1e-13)


def test_no_vectors_give_empty_sums_and_zeros():
    u, none = unit(3, 0), unit(3, 0)[:0]
    rows, columns = exponential_sums(u, none, 2.0)
    assert rows.tolist() == [0, 0, 0]
    assert columns.shape == (0,)
    rows, columns = exponential_sums(none, u, 2.0)
    assert rows.shape == (0,)
    assert columns.tolist() == [0, 0, 0]
