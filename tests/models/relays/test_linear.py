"""The relay's explicit training against torch's own optimiser."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from models.relays.linear import Parameters, residual, train_relay
from tests.support.dense import assert_near


def problem(seed=0, n=12, width=5, classes=3):
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(n, width, generator=rng, dtype=torch.float64)
    target = torch.rand(n, classes, generator=rng, dtype=torch.float64).softmax(dim=1)
    return z, target, Parameters.draw(width, classes, rng, z)


@pytest.mark.parametrize("steps", [0, 1, 50])
def test_training_is_that_of_torch(steps):
    z, target, theta = problem()
    weight, bias = theta.weight.clone().requires_grad_(), theta.bias.clone().requires_grad_()
    optimiser = torch.optim.Adam([weight, bias], lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = cross_entropy(z @ weight + bias, target)
        loss.backward()
        optimiser.step()
    before = theta.weight.clone()
    found = train_relay(theta, z, target, steps, lr=0.05)
    assert_near(found.weight, weight.detach(), 1e-10)
    assert torch.allclose(found.bias, bias.detach(), rtol=1e-9, atol=1e-12)
    assert torch.equal(theta.weight, before)  # The argument is not changed.


def test_residual_is_the_gradient_of_the_summed_loss():
    z, target, theta = problem(1)
    logits = theta.logits(z).requires_grad_()
    (expected,) = torch.autograd.grad(cross_entropy(logits, target, reduction="sum"), logits)
    assert_near(residual(logits.detach(), target), expected, 1e-12)


def test_drawn_weights_have_variance_one_over_width():
    rng = torch.Generator().manual_seed(0)
    theta = Parameters.draw(400, 50, rng, torch.zeros((), dtype=torch.float64))
    assert theta.weight.dtype == torch.float64
    assert abs(theta.weight.square().mean().item() * 400 - 1) < 0.05
    assert not theta.bias.any()
    again = Parameters.draw(400, 50, torch.Generator().manual_seed(0), theta.weight)
    assert torch.equal(again.weight, theta.weight)
