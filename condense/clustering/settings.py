"""What a method's settings may say about clustering: in which coordinates, and under whose guesses.

Settings are read before anything heavy is imported, so this file knows no torch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, Protocol, runtime_checkable

Space = Literal["own", "propagated", "both"]
"""Target nodes' own features, meta-path-propagated ones, or both; see `condense.clustering.coordinates`."""

TeacherKind = Literal["auto", "ridge", "network"]
"""Who guesses the classes of unlabelled nodes; see `condense.clustering.pseudolabels.teach`."""


@dataclass(frozen=True)
class PseudoLabelling:
    """How the classes of unlabelled nodes are guessed.

    Attributes:
        teacher: see `condense.clustering.pseudolabels.teach`.
        smooth: spread the teacher's scores over the graph, see `condense.clustering.teachers.smoothing`.
    """

    teacher: TeacherKind = "auto"
    smooth: bool = True


@runtime_checkable
class PseudoLabelSettings(Protocol):
    """Settings of a method that may cluster unlabelled nodes under guessed classes."""

    @property
    def labels(self) -> Literal["labelled", "pseudo"]:
        """Which nodes are used."""
        ...

    @property
    def teacher(self) -> TeacherKind:
        """As of `PseudoLabelling`."""
        ...

    @property
    def smooth(self) -> bool:
        """As of `PseudoLabelling`."""
        ...


def pseudo_labelling_of(settings: PseudoLabelSettings) -> PseudoLabelling | None:
    """How these settings guess; None where labelled nodes alone are used."""
    return (
        PseudoLabelling(settings.teacher, settings.smooth) if settings.labels == "pseudo" else None
    )


def refuse_idle_pseudo_labels(settings: PseudoLabelSettings) -> None:
    """Raise a ValueError for a way of labelling where nobody guesses."""
    for name, default in asdict(PseudoLabelling()).items():
        given = getattr(settings, name)
        if settings.labels == "labelled" and given != default:
            raise ValueError(
                f"{name} (got {given!r}) is about pseudo-labels, and labels (got 'labelled') has none; "
                "add --labels pseudo"
            )
