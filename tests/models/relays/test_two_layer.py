"""The two-layer relay's explicit gradients and training against autograd and torch's own optimiser."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from models.relays.linear import train_relay
from models.relays.two_layer import TwoLayer
from tests.support.dense import assert_near


def problem(seed=0, n=12, width=5, hidden=7, classes=3):
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(n, width, generator=rng, dtype=torch.float64)
    target = torch.rand(n, classes, generator=rng, dtype=torch.float64).softmax(dim=1)
    theta = TwoLayer.draw(width, hidden, classes, rng, z)
    theta.hidden_bias += 0.1 * torch.randn(hidden, generator=rng, dtype=torch.float64)
    return z, target, theta


def plain(z, w1, b1, w2, b2):
    return (z @ w1 + b1).relu() @ w2 + b2


def leaves(theta):
    return [x.clone().requires_grad_() for x in theta.tensors().values()]


@pytest.mark.parametrize("seed", range(3))
def test_layers_give_the_gradients_of_autograd(seed):
    z, target, theta = problem(seed)
    parameters = leaves(theta)
    z = z.requires_grad_()
    logits = plain(z, *parameters)
    assert_near(theta.logits(z), logits)
    expected = torch.autograd.grad(cross_entropy(logits, target, reduction="sum"), [*parameters, z])
    layers = theta.layers(z, target)
    found = [t for x, g in layers for t in (x.T @ g, g.sum(dim=0))]
    for mine, reference in zip(found, expected[:4], strict=True):
        assert_near(mine, reference)
    assert_near(layers[0][1] @ theta.hidden_weight.T, expected[4])


@pytest.mark.parametrize("steps", [0, 1, 50])
def test_training_is_that_of_torch(steps):
    z, target, theta = problem()
    parameters, before = leaves(theta), theta.copy()
    optimiser = torch.optim.Adam(parameters, lr=0.01)
    for _ in range(steps):
        optimiser.zero_grad()
        cross_entropy(plain(z, *parameters), target).backward()
        optimiser.step()
    found = train_relay(theta, z, target, steps, lr=0.01)
    for mine, reference in zip(found.tensors().values(), parameters, strict=True):
        assert torch.allclose(mine, reference.detach(), rtol=1e-9, atol=1e-11)
    for now, then in zip(theta.tensors().values(), before.tensors().values(), strict=True):
        assert torch.equal(now, then)  # The argument is not changed.


def test_drawn_weights_have_their_variances():
    like = torch.zeros((), dtype=torch.float64)
    theta = TwoLayer.draw(400, 300, 50, torch.Generator().manual_seed(0), like)
    assert theta.weight.dtype == torch.float64
    assert theta.hidden_weight.square().mean().item() * 400 == pytest.approx(2, rel=0.05)
    assert theta.weight.square().mean().item() * 300 == pytest.approx(1, rel=0.05)
    assert not theta.hidden_bias.any()
    assert not theta.bias.any()
    again = theta.redrawn(torch.Generator().manual_seed(0))
    for mine, other in zip(theta.tensors().values(), again.tensors().values(), strict=True):
        assert torch.equal(mine, other)
