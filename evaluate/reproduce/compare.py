"""Ours beside theirs."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evaluate.reproduce.plan import Published
from evaluate.reproduce.scores import Score
from evaluate.results.table import aligned


@dataclass(frozen=True)
class Reproduced:
    """A published figure beside ours.

    Attributes:
        dataset: its name.
        published: the figure.
        mean: ours over seeds, in points.
        sd: sample standard deviation over seeds, in points; 0 for one seed.
        seeds: how many.
    """

    dataset: str
    published: Published
    mean: float
    sd: float
    seeds: int

    @classmethod
    def of(cls, dataset: str, figure: Published, scores: Sequence[Score]) -> Reproduced:
        """From all scores of the figure's data set; those of its model and metric count."""
        points = [
            100 * score.value
            for score in scores
            if (score.dataset, score.model, score.metric) == (dataset, figure.model, figure.metric)
        ]
        sd = statistics.stdev(points) if len(points) > 1 else 0.0
        return cls(dataset, figure, statistics.fmean(points), sd, len(points))

    @property
    def difference(self) -> float | None:
        """Ours − published, in points; None where nothing is published."""
        return None if self.published.value is None else self.mean - self.published.value

    @property
    def reached(self) -> bool:
        """Whether the bar, if there is one, is reached."""
        return self.published.bar is None or self.mean >= self.published.bar


def as_records(found: Sequence[Reproduced]) -> list[dict[str, Any]]:
    """One record for each figure: what was published, and ours beside it."""
    return [
        {
            **dataclasses.asdict(one.published),
            "dataset": one.dataset,
            "mean": one.mean,
            "sd": one.sd,
            "seeds": one.seeds,
            "difference": one.difference,
            "reached": one.reached,
        }
        for one in found
    ]


def as_text(found: Sequence[Reproduced]) -> str:
    """One line for each figure, with whether our bar is reached."""
    grid = [("data set", "model", "metric", "source", "published", "ours", "difference", "bar", "")]
    for one in found:
        figure = one.published
        grid.append((
            one.dataset, figure.model, figure.metric, figure.source,
            "" if figure.value is None else f"{figure.value:.1f}",
            f"{one.mean:.1f} ± {one.sd:.1f}",
            "" if one.difference is None else f"{one.difference:+.1f}",
            "" if figure.bar is None else f"{figure.bar:.1f}",
            "" if figure.bar is None else "reached" if one.reached else "MISSED",
        ))  # fmt: skip
    return aligned(grid, left=4)
