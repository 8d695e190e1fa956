"""Steps of gradient descent of a two-layer network on few nodes, and their derivative in closed form.

A network without edges, F = H V + b with H = relu(A) and A = X W₁ + b₁, is trained on n nodes by gradient
descent with learning rate η on the mean cross-entropy with labels Y. With P = (softmax(F) − Y) / n and
G = (P Vᵀ) ∘ 1[A > 0], a step is

    W₁ ← W₁ − η Xᵀ G,   b₁ ← b₁ − η Gᵀ1,   V ← V − η Hᵀ P,   b ← b − η Pᵀ1.

The first layer only ever moves by combinations of the n rows of X. So what changes is A [n, h] and not
W₁ [d, h]: with K = X Xᵀ + 1 1ᵀ a step is

    A ← A − η K G,   and in the end   W₁ = W₁(0) − Xᵀ B,   b₁ = b₁(0) − Bᵀ1   with B = η Σ G.

Both are the same steps; the second costs n² h in place of 2 n d h, forty times less for n = 70 and d = 1,433.
The derivative of (B, V, b) in (A(0), K, V(0), b(0), Y) runs through the steps backwards; the second
derivative of relu counts as 0, as in autograd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

MOST_BYTES = 2**28
"""Steps whose states take more memory than this are computed twice, in pieces, and not kept."""


class State(NamedTuple):
    """What a step changes.

    Attributes:
        a: A [n, h], what enters the hidden units.
        v: V [h, C].
        b: b [C].
    """

    a: Tensor
    v: Tensor
    b: Tensor


class Moved(NamedTuple):
    """Where training ends.

    Attributes:
        along: B [n, h]: the first layer has moved by −Xᵀ B, its bias by −Bᵀ1.
        v: V [h, C].
        b: b [C].
    """

    along: Tensor
    v: Tensor
    b: Tensor


def trained(
    start: State, kernel: Float[Tensor, "n n"], y: Float[Tensor, "n C"], rate: float, steps: int
) -> Moved:
    """The network after some steps; differentiable once in all tensors.

    Args:
        start: before the first step.
        kernel: K, symmetric.
        y: Y, a distribution each row.
        rate: η.
        steps: how many.
    """
    return Moved(*_Trained.apply(*start, kernel, y, rate, steps))  # pyright: ignore


class _Step(NamedTuple):
    """A step's quantities, from which both the next state and the derivative follow."""

    h: Tensor  # [n, h]
    p: Tensor  # softmax(F) [n, C]
    residual: Tensor  # P [n, C]
    g: Tensor  # G [n, h]


def _step(state: State, y: Tensor) -> _Step:
    h = state.a.relu()
    p = torch.addmm(state.b, h, state.v).softmax(dim=1)
    residual = (p - y) / len(y)
    g = (residual @ state.v.T).masked_fill_(h == 0, 0)
    return _Step(h, p, residual, g)


def _after(state: State, step: _Step, kernel: Tensor, rate: float) -> State:
    return State(
        torch.addmm(state.a, kernel, step.g, alpha=-rate),
        torch.addmm(state.v, step.h.T, step.residual, alpha=-rate),
        torch.sub(state.b, step.residual.sum(dim=0), alpha=rate),
    )


class _Trained(torch.autograd.Function):
    @staticmethod
    def forward(  # pyright: ignore
        ctx: Any,
        a: Tensor,
        v: Tensor,
        b: Tensor,
        kernel: Tensor,
        y: Tensor,
        rate: float,
        steps: int,
    ) -> tuple[Tensor, Tensor, Tensor]:
        state, along = State(a, v, b), torch.zeros_like(a)
        for _ in range(steps):
            step = _step(state, y)
            along.add_(step.g, alpha=rate)
            state = _after(state, step, kernel, rate)
        ctx.save_for_backward(a, v, b, kernel, y)
        ctx.rate, ctx.steps = rate, steps
        return along, state.v, state.b

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore
        a, v, b, kernel, y = ctx.saved_tensors
        along, to_v, to_b = grads
        back = _Backwards(kernel, ctx.rate, along, State(torch.zeros_like(a), to_v, to_b))
        for state in _reversed(State(a, v, b), kernel, y, ctx.rate, ctx.steps):
            back.through(state, _step(state, y))
        return *back.to_state, back.to_kernel, back.to_y, None, None


class _Backwards:
    """The derivative of a loss in what a step starts from, given that in what it ends at; x̄ is ∂L/∂x.

    Args:
        kernel: K.
        rate: η.
        along: B̄, the same for all steps, since B is a sum.
        to_state: of the last step's end.
    """

    def __init__(self, kernel: Tensor, rate: float, along: Tensor, to_state: State) -> None:
        self.kernel, self.rate, self.along, self.to_state = kernel, rate, along, to_state
        self.to_kernel = torch.zeros_like(kernel)
        self.to_y = to_state.v.new_zeros(len(kernel), to_state.v.size(1))

    def through(self, state: State, step: _Step) -> None:
        """Go back through one step."""
        to_a, to_v, to_b = self.to_state
        h, p, residual, g = step
        off = h == 0
        # A' = A − η K G and B' = B + η G
        self.to_kernel.addmm_(to_a, g.T, alpha=-self.rate)
        to_g = torch.addmm(self.along, self.kernel, to_a, alpha=-1).masked_fill_(off, 0)  # [n, h]
        # G = (P Vᵀ) ∘ 1[A > 0],  V' = V − η Hᵀ P,  b' = b − η Pᵀ1
        to_residual = self.rate * (to_g @ state.v - (h @ to_v + to_b))  # [n, C]
        # P = (softmax(F) − Y) / n
        to_logits = p * to_residual
        to_logits = (to_logits - p * to_logits.sum(dim=1, keepdim=True)) / len(p)  # [n, C]
        self.to_y.sub_(to_residual, alpha=1 / len(p))
        # F = H V + b
        to_h = torch.addmm(to_logits @ state.v.T, residual, to_v.T, alpha=-self.rate)  # [n, h]
        self.to_state = State(
            to_a + to_h.masked_fill_(off, 0),
            torch.addmm(to_v, h.T, to_logits).addmm_(to_g.T, residual, alpha=self.rate),
            to_b + to_logits.sum(dim=0),
        )


def _reversed(start: State, kernel: Tensor, y: Tensor, rate: float, steps: int) -> Iterator[State]:
    """The states before each step, the last first.

    Where they take too much memory, only the first of each piece is kept, and a piece is computed again.
    """
    bytes_of_state = sum(x.numel() * x.element_size() for x in start)
    piece = max(1, MOST_BYTES // bytes_of_state)
    heads = [start]
    for _ in range(piece, steps, piece):
        heads.append(_states(heads[-1], kernel, y, rate, piece + 1)[-1])
    for number in reversed(range(len(heads))):
        length = min(piece, steps - number * piece)
        yield from reversed(_states(heads[number], kernel, y, rate, length))


def _states(start: State, kernel: Tensor, y: Tensor, rate: float, count: int) -> list[State]:
    """The first `count` states, `start` among them."""
    states = [start][:count]
    while len(states) < count:
        states.append(_after(states[-1], _step(states[-1], y), kernel, rate))
    return states
