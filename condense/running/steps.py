"""What a run reports as it proceeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Progress of a run.

    Attributes:
        index: steps done, from 1.
        total: steps planned.
        values: named numbers, such as loss, conflict_rate, energy, edge_mass, val_score.
    """

    index: int
    total: int
    values: Mapping[str, float]


OnStep = Callable[[Step], None]


def ignore(step: Step) -> None:
    """An `OnStep` for callers that do not watch."""
