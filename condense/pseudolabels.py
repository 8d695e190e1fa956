"""Classes for the unlabelled nodes, guessed by a teacher that learnt from the labelled ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

from condense.relay_view import RelayView
from condense.teachers.lesson import Lesson, Teacher
from condense.teachers.network import network
from condense.teachers.ridge import ridge
from condense.teachers.smoothing import smoothed

TeacherKind = Literal["auto", "ridge", "network"]


@dataclass(frozen=True)
class Guessing:
    """How the classes of unlabelled nodes are guessed.

    Attributes:
        teacher: see `teach`.
        smooth: spread the teacher's scores over the graph, see `condense.teachers.smoothing`.
    """

    teacher: TeacherKind = "auto"
    smooth: bool = True


@runtime_checkable
class Guesses(Protocol):
    """Settings of a method that may cluster unlabelled nodes under guessed classes."""

    @property
    def labels(self) -> Literal["labelled", "pseudo"]:
        """Which nodes are used."""
        ...

    @property
    def teacher(self) -> TeacherKind:
        """As of `Guessing`."""
        ...

    @property
    def smooth(self) -> bool:
        """As of `Guessing`."""
        ...


def guessing_of(settings: Guesses) -> Guessing | None:
    """How these settings guess; None where labelled nodes alone are used."""
    return Guessing(settings.teacher, settings.smooth) if settings.labels == "pseudo" else None


def refuse_idle_guesses(settings: Guesses) -> None:
    """Raise a ValueError for a way of guessing where nobody guesses."""
    for name, default in asdict(Guessing()).items():
        given = getattr(settings, name)
        if settings.labels == "labelled" and given != default:
            raise ValueError(
                f"{name} (got {given!r}) is about pseudo-labels, and labels (got 'labelled') has none; "
                "add --labels pseudo"
            )


def pseudo_labels(
    view: RelayView, guessing: Guessing, generator: torch.Generator
) -> Int[Tensor, " n"]:
    """The class of every target node: true on training nodes, else guessed.

    Args:
        view: the whole graph.
        guessing: by whom, and how.
        generator: for the network.
    """
    store = view.graph[view.schema.target]
    if bool(store.train_mask.all()):
        return store.y  # As in the inductive setting: there is nobody to guess for.
    scores = teach(Lesson.of(view), guessing.teacher, generator).scores(view)
    if guessing.smooth:
        scores = smoothed(view, scores)
    return torch.where(store.train_mask, store.y, scores.argmax(dim=1))


def teach(lesson: Lesson, kind: TeacherKind, generator: torch.Generator) -> Teacher:
    """A "ridge" regression, a "network" with one hidden layer, or "auto": the network where there are more
    training nodes than inputs, the regression where there are fewer.

    With few labels a network's best moment on validation nodes is mostly luck; with many it guessed more of
    them right than the regression, see docs/ablation.md.
    """
    many = lesson.z.size(0) > lesson.z.size(1)
    if kind == "network" or (kind == "auto" and many):
        return network(lesson, generator)
    return ridge(lesson)
