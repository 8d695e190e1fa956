"""Descent on products of nodes against descent on parameters, and its derivative against autograd's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from condense.methods.trajectories import unrolled
from condense.methods.trajectories.unrolled import State, trained

pytestmark = pytest.mark.usefixtures("double")

RATE, STEPS = 0.3, 9


def problem() -> tuple[Tensor, Tensor, list[Tensor]]:
    """X [5, 7], logits of labels [5, 3], and W₁, b₁, V, b of four hidden units."""
    rng = torch.Generator().manual_seed(0)
    shapes = [(5, 7), (5, 3), (7, 4), (4,), (4, 3), (3,)]
    x, logits, *theta = (torch.randn(shape, generator=rng) for shape in shapes)
    return x.requires_grad_(), logits.requires_grad_(), [p.requires_grad_() for p in theta]


def by_parameters(x: Tensor, y: Tensor, theta: list[Tensor]) -> list[Tensor]:
    """The parameters after descent on the mean cross-entropy, differentiated twice by autograd."""
    for _ in range(STEPS):
        w, c, v, b = theta
        logits = (x @ w + c).relu() @ v + b
        loss = -(y * logits.log_softmax(dim=1)).sum(dim=1).mean()
        slopes = torch.autograd.grad(loss, theta, create_graph=True)
        theta = [p - RATE * g for p, g in zip(theta, slopes, strict=True)]
    return theta


def by_products(x: Tensor, y: Tensor, theta: list[Tensor]) -> list[Tensor]:
    w, c, v, b = theta
    moved = trained(State(x @ w + c, v, b), x @ x.T + 1, y, RATE, STEPS)
    return [w - x.T @ moved.along, c - moved.along.sum(dim=0), moved.v, moved.b]


def loss_of(theta: list[Tensor]) -> Tensor:
    weights = (torch.arange(1.0, p.numel() + 1).sin().view(p.shape) for p in theta)
    return sum((w * p + p**2).sum() for w, p in zip(weights, theta, strict=True))  # pyright: ignore


@pytest.mark.parametrize("most_bytes", [2**28, 700, 1])
def test_parameters_and_derivatives_are_those_of_autograd(
    monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    """Also where states are computed again, in pieces of a few steps or of one."""
    monkeypatch.setattr(unrolled, "MOST_BYTES", most_bytes)
    x, logits, theta = problem()
    inputs = [x, logits, *theta]
    expected, found = (end(x, logits.softmax(dim=1), theta) for end in (by_parameters, by_products))
    torch.testing.assert_close(found, expected)
    slopes = (torch.autograd.grad(loss_of(end), inputs) for end in (found, expected))
    torch.testing.assert_close(*slopes)


def test_no_more_states_are_kept_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    x, logits, (w, c, v, b) = problem()
    kept: list[int] = []
    original = unrolled._states

    def spy(*args):
        states = original(*args)
        kept.append(len(states))
        return states

    state = State((x @ w + c).detach(), v.detach(), b.detach())
    monkeypatch.setattr(unrolled, "_states", spy)
    monkeypatch.setattr(unrolled, "MOST_BYTES", 3 * 8 * sum(part.numel() for part in state))
    kernel = x.detach() @ x.detach().T
    trained(state._replace(v=v), kernel, logits.softmax(1).detach(), RATE, STEPS).b.sum().backward()
    assert max(kept) == 4  # The first of the next piece among them.
