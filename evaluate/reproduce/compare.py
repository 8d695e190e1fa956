"""Published figures and ours side by side."""

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
        seeds: number of seeds.
    """

    dataset: str
    published: Published
    mean: float
    sd: float
    seeds: int

    @classmethod
    def of(cls, dataset: str, figure: Published, scores: Sequence[Score]) -> Reproduced:
        """Compare a figure with those of `scores` that have its data set, model and metric."""
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
        """Whether the bar is reached; true if there is none."""
        return self.published.bar is None or self.mean >= self.published.bar


def as_records(figures: Sequence[Reproduced]) -> list[dict[str, Any]]:
    """One record for each figure: what was published, and ours beside it."""
    return [
        {
            **dataclasses.asdict(figure.published),
            "dataset": figure.dataset,
            "mean": figure.mean,
            "sd": figure.sd,
            "seeds": figure.seeds,
            "difference": figure.difference,
            "reached": figure.reached,
        }
        for figure in figures
    ]


def as_text(figures: Sequence[Reproduced]) -> str:
    """One line for each figure, with whether our bar is reached."""
    grid = [("data set", "model", "metric", "source", "published", "ours", "difference", "bar", "")]
    for row in figures:
        figure = row.published
        grid.append((
            row.dataset, figure.model, figure.metric, figure.source,
            "" if figure.value is None else f"{figure.value:.1f}",
            f"{row.mean:.1f} ± {row.sd:.1f}",
            "" if row.difference is None else f"{row.difference:+.1f}",
            "" if figure.bar is None else f"{figure.bar:.1f}",
            "" if figure.bar is None else "reached" if row.reached else "MISSED",
        ))  # fmt: skip
    return aligned(grid, left=4)
