"""Settings of clustering that several methods share: the coordinates, and the pseudo-labels.

Settings are read before anything heavy is imported, so this file does not import torch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, Protocol, runtime_checkable

Space = Literal["own", "propagated", "both"]
"""Target nodes' own features, meta-path-propagated ones, or both; see `condense.clustering.coordinates`."""

SpreadChoice = Literal["off", "on", "auto"]
"""Keep no spread, or keep it, or let small models choose; see `condense.methods.spread_choice`."""

TeacherKind = Literal["auto", "ridge", "network"]
"""The classifier that pseudo-labels unlabelled nodes; see `condense.clustering.pseudolabels.teach`."""


@dataclass(frozen=True)
class PseudoLabelling:
    """How unlabelled nodes get pseudo-labels.

    Attributes:
        teacher: see `condense.clustering.pseudolabels.teach`.
        smooth: spread the teacher's scores over the graph, see `condense.clustering.teachers.smoothing`.
    """

    teacher: TeacherKind = "auto"
    smooth: bool = True


@runtime_checkable
class PseudoLabelSettings(Protocol):
    """Settings of a method that may cluster unlabelled nodes under pseudo-labels."""

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
    """The pseudo-labelling that these settings ask for; None if they use labelled nodes only."""
    return (
        PseudoLabelling(settings.teacher, settings.smooth) if settings.labels == "pseudo" else None
    )


def refuse_idle_pseudo_labels(settings: PseudoLabelSettings) -> None:
    """Raise a ValueError for settings of pseudo-labels where only labelled nodes are used."""
    for name, default in asdict(PseudoLabelling()).items():
        given = getattr(settings, name)
        if settings.labels == "labelled" and given != default:
            raise ValueError(
                f"{name} (got {given!r}) is about pseudo-labels, and labels (got 'labelled') has none; "
                "add --labels pseudo"
            )
