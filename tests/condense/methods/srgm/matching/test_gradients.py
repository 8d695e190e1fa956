"""Class-wise gradients against autograd, to first and second order."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from condense.methods.srgm.matching.gradients import classwise_gradients
from models.relays.linear import Parameters
from models.relays.two_layer import TwoLayer
from tests.support.dense import assert_near


def problem(seed, soft=False, n=11, width=5, classes=4):
    """Features, targets, groups (class 2 empty) and parameters, all in float64."""
    rng = torch.Generator().manual_seed(seed)
    group = torch.tensor([0, 0, 0, 1, 1, 1, 1, 1, 3, 3, 3])
    z = torch.randn(n, width, generator=rng, dtype=torch.float64)
    target = one_hot(group, classes).double()
    if soft:
        target = torch.rand(n, classes, generator=rng, dtype=torch.float64).softmax(dim=1)
    weight = torch.randn(width, classes, generator=rng, dtype=torch.float64)
    bias = torch.randn(classes, generator=rng, dtype=torch.float64)
    return z.requires_grad_(), target, group, Parameters(weight, bias)


def explicit(theta, z, target, group):
    sizes = torch.bincount(group, minlength=4).tolist()
    return [classwise_gradients(x, g, sizes) for x, g in theta.layers(z, target)]


def by_autograd(theta, z, target, group, classes):
    weight = theta.weight.clone().requires_grad_()
    gradients = []
    for c in range(classes):
        if not (group == c).any():
            gradients.append(torch.zeros_like(weight))
            continue
        loss = cross_entropy((z @ weight + theta.bias)[group == c], target[group == c])
        gradients.append(torch.autograd.grad(loss, weight, create_graph=True)[0])
    return torch.stack(gradients)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_gradients_and_their_derivatives_are_those_of_autograd(seed, soft):
    z, target, group, theta = problem(seed, soft)
    (got,) = explicit(theta, z, target, group)
    expected = by_autograd(theta, z, target, group, 4)
    assert_near(got, expected)
    assert torch.equal(got[2], torch.zeros_like(got[2]))  # No node is of class 2.
    direction = torch.randn(got.shape, generator=torch.Generator().manual_seed(9)).double()
    ours, theirs = (torch.autograd.grad((g * direction).sum(), z)[0] for g in (got, expected))
    assert_near(ours, theirs)


@pytest.mark.parametrize("seed", range(5))
def test_both_layers_of_a_two_layer_relay(seed):
    z, target, group, _ = problem(seed, soft=True)
    rng = torch.Generator().manual_seed(seed)
    theta = TwoLayer.draw(5, 6, 4, rng, z.detach())
    assert float((z.detach() @ theta.hidden_weight).abs().min()) > 1e-6  # No unit is near its kink.
    got = explicit(theta, z, target, group)
    w1, w2 = (w.clone().requires_grad_() for w in theta.weights)
    logits = (z @ w1).relu() @ w2
    losses = [cross_entropy(logits[group == c], target[group == c]) for c in (0, 1, 3)]
    gradients = [torch.autograd.grad(loss, (w1, w2), create_graph=True) for loss in losses]
    expected = [torch.stack(layer) for layer in zip(*gradients, strict=True)]
    directions = [torch.randn(e.shape, generator=rng, dtype=torch.float64) for e in expected]
    for mine, reference in zip(got, expected, strict=True):
        assert_near(mine[[0, 1, 3]], reference)
        assert not mine[2].any()  # No node is of class 2.
    ours, theirs = (
        torch.autograd.grad(sum((g * d).sum() for g, d in zip(gs, directions, strict=True)), z)[0]
        for gs in ([g[[0, 1, 3]] for g in got], expected)
    )
    assert_near(ours, theirs)


def test_class_gradients_add_up_to_that_of_the_mean_loss():
    z, target, group, theta = problem(3)
    (got,) = explicit(theta, z, target, group)
    share = torch.bincount(group, minlength=4).double() / len(group)
    weight = theta.weight.clone().requires_grad_()
    loss = cross_entropy(z.detach() @ weight + theta.bias, target)
    expected = torch.autograd.grad(loss, weight)[0]
    assert_near(torch.einsum("g,gdc->dc", share, got.detach()), expected)
