"""Updates condensed nodes so that a network which learns from them moves as an expert did on the whole graph.

A student starts from an expert's θ*_t, is trained on (X', Y') for q steps of gradient descent, which leads to
θ̂_{t+q}, and is compared with the expert p epochs on:

    L = ( ‖θ̂_{t+q} − θ*_{t+p}‖ / ‖θ*_t − θ*_{t+p}‖ )^m,   m = 2 (SFGC) or 1 (GEOM's code)

GEOM adds β KL(Y' ‖ the answers of the expert at the end of its training on X'), its knowledge embedding. Both
are differentiated through all q steps, see `unrolled`. X' is updated by Adam, and soft labels
Y' = softmax(ℓ) by gradient descent with momentum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from condense.methods.trajectories.experts import Network, with_ones
from condense.methods.trajectories.unrolled import State, trained
from condense.running.finite import NonFiniteError
from models.relays.adam import Adam

MOMENTUM = 0.9
"""Of the descent of soft labels, as in GEOM's code."""

TINY = 1e-20
"""Below it a squared distance counts as this: roots and quotients stay finite."""


@dataclass(frozen=True)
class Window:
    """From which kept epoch a student starts: after i updates one of the first min(first + i / widen, all).

    Attributes:
        first: number of starts at first.
        all: number of starts in the end.
        widen: updates after which the window grows by one start.
        every: epochs between two starts.
    """

    first: int
    all: int
    widen: int
    every: int

    def draw(self, update: int, generator: torch.Generator) -> int:
        """The epoch t that an update starts from.

        Args:
            update: number of updates done.
            generator: for the draw.
        """
        count = min(self.first + update // self.widen, self.all)
        place = torch.randint(count, (), generator=generator, device=generator.device)
        return int(place) * self.every


@dataclass(frozen=True)
class Aim:
    """What is minimised.

    Attributes:
        ahead: p.
        steps: q.
        lr: η of the student.
        power: m.
        knowledge: β.
    """

    ahead: int
    steps: int
    lr: float
    power: int = 2
    knowledge: float = 0.0


class Matching:
    """X' and, with soft labels, ℓ; a `Synthesis`.

    Args:
        x: X' at the start [n', d], in scaled units.
        labels: Y' [n', C], one-hot, or ℓ where they are soft.
        unit: c; networks read c X'.
        experts: epoch -> parameters, of each expert; the last epoch's are those of the knowledge embedding.
        window: where students start.
        aim: what is minimised.
        lr: learning rate of X'.
        lr_labels: learning rate of ℓ; None for labels that stay as they are.
        generator: draws the starts.
    """

    def __init__(
        self,
        x: Float[Tensor, "k d"],
        labels: Float[Tensor, "k C"],
        unit: float,
        experts: Sequence[dict[int, Network]],
        window: Window,
        aim: Aim,
        lr: float,
        lr_labels: float | None,
        generator: torch.Generator,
    ) -> None:
        self.x, self.labels, self.unit = x.clone(), labels.clone(), unit
        self.experts, self.window, self.aim = experts, window, aim
        self.lr_labels, self.generator = lr_labels, generator
        self.adams: Mapping[str, Adam] = {"x": Adam([self.x], lr)}
        self.velocity = torch.zeros_like(labels)
        self.graph: Mapping[str, Tensor] = {"x": self.x, "labels": self.labels}
        self.state: Mapping[str, Tensor] = {"velocity": self.velocity}

    @property
    def y(self) -> Float[Tensor, "k C"]:
        """Y', a distribution over classes for each node."""
        return self.labels if self.lr_labels is None else self.labels.softmax(dim=1)

    def propagated(self) -> Float[Tensor, "k d"]:
        """X': without edges nothing is propagated."""
        return self.x

    def update(self, step: int) -> dict[str, float]:
        """Let one student learn from X', and change X' by what it missed.

        Raises:
            NonFiniteError: the student diverged.
        """
        expert = self.experts[(step - 1) % len(self.experts)]
        t = self.window.draw(step - 1, self.generator)
        x = self.x.clone().requires_grad_()
        labels = self.labels.clone().requires_grad_(self.lr_labels is not None)
        y = labels.softmax(dim=1) if labels.requires_grad else labels
        read = with_ones(self.unit * x)
        missed = _missed(read, y, expert[t], expert[t + self.aim.ahead], self.aim)
        loss = missed ** (self.aim.power / 2)
        if self.aim.knowledge:
            answers = expert[max(expert)].answers(read)
            loss = loss + self.aim.knowledge * _divergence(y, answers)
        if not bool(loss.isfinite()):
            raise NonFiniteError(
                f"step {step}: the student must stay finite; "
                f"try a smaller --lr-student (got {self.aim.lr:g})"
            )
        to_x, *to_labels = torch.autograd.grad(loss, [x, labels] if labels.requires_grad else [x])
        self.adams["x"].step([to_x])
        if self.lr_labels is not None:
            self.velocity.mul_(MOMENTUM).add_(to_labels[0])
            self.labels.sub_(self.velocity, alpha=self.lr_labels)
        return {"loss": float(loss.detach()), "missed": float(missed.detach().sqrt())}


def _missed(x: Tensor, y: Tensor, start: Network, goal: Network, aim: Aim) -> Tensor:
    """‖θ̂_{t+q} − θ*_{t+p}‖² / ‖θ*_t − θ*_{t+p}‖², at least TINY; an expert that stood still teaches nothing.

    Args:
        x: [c X', 1].
        y: Y'.
        start: θ*_t.
        goal: θ*_{t+p}.
        aim: see there.
    """
    whole = _squared(p - q for p, q in zip(start, goal, strict=True))
    begin = State(x @ start.first, start.second, start.bias)
    moved = trained(begin, x @ x.T, y, aim.lr, aim.steps)
    first = torch.addmm(start.first - goal.first, x.T, moved.along, alpha=-1)
    left = _squared((first, moved.v - goal.second, moved.b - goal.bias))
    return (left / whole.clamp_min(TINY)).clamp_min(TINY)


def _squared(parts: Iterable[Tensor]) -> Tensor:
    return torch.stack([part.square().sum() for part in parts]).sum()


def _divergence(y: Tensor, logits: Tensor) -> Tensor:
    """The mean KL(Y ‖ softmax(logits)) over nodes; of one-hot labels the cross-entropy."""
    return (torch.xlogy(y, y) - y * logits.log_softmax(dim=1)).sum() / len(y)
