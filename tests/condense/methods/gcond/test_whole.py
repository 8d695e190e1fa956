"""The whole graph's gradients against autograd, class by class; batches of large classes."""

from __future__ import annotations

import torch
from torch import Tensor

from condense.methods.gcond.relay import SGCRelay
from condense.methods.gcond.whole import WholeGradients

RNG = torch.Generator().manual_seed(0)
Z = torch.randn(9, 4, generator=RNG, dtype=torch.float64)
Y = torch.tensor([0, 2, 0, 2, 2, 0, 2, 2, 2])  # Class 1 has no node.


def relay() -> SGCRelay:
    return SGCRelay(4, 3, 0.01, torch.Generator().manual_seed(1), Z)


def by_autograd(relay: SGCRelay, rows: Tensor, c: int) -> Tensor:
    weight = relay.weight.T.clone().requires_grad_()
    chosen = rows[Y[rows] == c]
    loss = torch.nn.functional.cross_entropy(Z[chosen] @ weight + relay.bias, Y[chosen])
    return torch.autograd.grad(loss, weight)[0]


def test_equal_autograds() -> None:
    found = WholeGradients(Z, Y, 3, 256, RNG).of(relay())
    for c in (0, 2):
        torch.testing.assert_close(found[c], by_autograd(relay(), torch.arange(9), c))
    assert not found[1].any()


def test_larger_classes_give_batches() -> None:
    whole = WholeGradients(Z, Y, 3, 2, torch.Generator().manual_seed(0))
    pairs = {
        c: [
            by_autograd(relay(), torch.tensor([i, j]), c)
            for i in range(9)
            for j in range(i)
            if Y[i] == Y[j] == c
        ]
        for c in (0, 2)
    }
    seen = set()
    for _ in range(20):
        found = whole.of(relay())
        for c, candidates in pairs.items():
            near = [bool((found[c] - each).abs().max() < 1e-12) for each in candidates]
            assert sum(near) == 1
            seen.add((c, near.index(True)))
        assert not found[1].any()
    assert len(seen) > 6
