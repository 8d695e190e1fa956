"""The experts' buffer: the networks from which students start, and those that they are to reach."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.trajectories.curriculum import Curriculum
from condense.methods.trajectories.experts import Lesson, Network, train


@dataclass(frozen=True)
class Schedule:
    """How experts are trained, and which of their parameters are kept.

    Attributes:
        experts: how many.
        hidden: h, units of the hidden layer.
        lr: η of their gradient descent.
        epochs: how long each is trained.
        starts: number of epochs t from which a student may start: 0, every, 2 every, …
        every: epochs between two of these.
        ahead: p: a student from θ*_t is to reach θ*_{t+p}.
    """

    experts: int
    hidden: int
    lr: float
    epochs: int
    starts: int
    every: int
    ahead: int

    @property
    def kept(self) -> set[int]:
        """Epochs after which the parameters are kept."""
        starts = range(0, self.starts * self.every, self.every)
        return {*starts, *(t + self.ahead for t in starts), self.epochs}


def buffer(
    lesson: Lesson,
    schedule: Schedule,
    curriculum: Curriculum,
    generator: torch.Generator,
) -> list[dict[int, Network]]:
    """Trained experts: epoch -> parameters after it, for `schedule.kept`.

    They take (2 · starts + 1) · experts · (d + 1) · h numbers of memory.

    Args:
        lesson: what they learn from.
        schedule: see there.
        curriculum: in which order.
        generator: draws their initial parameters.
    """
    return [
        train(
            lesson,
            drawn(lesson, schedule.hidden, generator),
            schedule.epochs,
            schedule.lr,
            schedule.kept,
            curriculum,
        )
        for _ in range(schedule.experts)
    ]


def drawn(lesson: Lesson, hidden: int, generator: torch.Generator) -> Network:
    """An untrained network for a lesson."""
    width, classes = lesson.z.size(1) - 1, lesson.y.size(1)
    return Network.draw(width, hidden, classes, generator, lesson.z)


@dataclass(frozen=True)
class Inputs:
    """What networks read: features in units in which the rows of S X have a given length.

    Attributes:
        unit: c, with which scaled features are multiplied.
        z: c S X [n, d].
    """

    unit: float
    z: Tensor

    @classmethod
    def of(cls, view: HomogeneousGraph, length: float) -> Inputs:
        """Rows of c S X have `length` as their root mean square length; c = 1 where all features are zero."""
        z = view.propagated(1)
        present = float(z.square().sum(dim=1).mean().sqrt())
        unit = length / present if present > 0 else 1.0
        return cls(unit, unit * z)


def guessed(
    network: Network, hidden: Float[Tensor, "n h"], view: HomogeneousGraph
) -> Float[Tensor, "n C"]:
    """One-hot classes: of training nodes their own, of all others what the network says.

    Args:
        network: trained.
        hidden: H of it, for all nodes.
        view: the whole graph.
    """
    classes = (view.operator @ (hidden @ network.second) + network.bias).argmax(dim=1)
    classes[view.train] = view.y[view.train]
    return torch.nn.functional.one_hot(classes, view.num_classes).to(hidden.dtype)
