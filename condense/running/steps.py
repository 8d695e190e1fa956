"""The progress that a run reports at each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Progress of a run.

    Attributes:
        index: number of steps done, from 1.
        total: number of steps planned.
        values: named numbers, such as loss, conflict_rate, energy, edge_mass, val_score.
    """

    index: int
    total: int
    values: Mapping[str, float]


OnStep = Callable[[Step], None]


def ignore(step: Step) -> None:
    """An `OnStep` that does nothing."""
