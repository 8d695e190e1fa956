"""Adam against torch's."""

from __future__ import annotations

import torch

from models.relays.adam import Adam
from tests.support.dense import assert_near


def test_gradients_of_any_size():
    rng = torch.Generator().manual_seed(0)
    start = [torch.randn(*shape, generator=rng, dtype=torch.float64) for shape in ((4, 3), (5,))]
    mine, theirs = ([x.clone() for x in start] for _ in range(2))
    ours, reference = Adam(mine, lr=0.01), torch.optim.Adam(theirs, lr=0.01)
    for k in range(20):
        size = 10.0 ** (k % 7 - 6)
        gradients = [size * torch.randn(x.shape, generator=rng, dtype=x.dtype) for x in start]
        ours.step(gradients)
        for x, g in zip(theirs, gradients, strict=True):
            x.grad = g.clone()
        reference.step()
    for x, y in zip(mine, theirs, strict=True):
        assert_near(x, y, 1e-10)


def test_what_has_no_gradient_stays():
    still, moved = torch.ones(2), torch.ones(2)
    Adam([still, moved], lr=0.1).step([None, torch.ones(2)])
    assert torch.equal(still, torch.ones(2))
    assert torch.allclose(moved, torch.full((2,), 0.9))
