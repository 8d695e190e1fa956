"""Scores against what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from evaluate.report.figures.style import INK, MUTED, ReportFigure, marker_of, panel, series, styled


@dataclass(frozen=True)
class Point:
    """A method on the plot.

    Attributes:
        label: its name.
        cost: on the axis; positive.
        score: mean over the models, in points.
        low, high: the worst and the best model, in points.
        whole: whether this is the whole graph.
    """

    label: str
    cost: float
    score: float
    low: float
    high: float
    whole: bool = False


def score_against_cost(
    name: str, title: str, points: Sequence[Point], axis: str, tick: FuncFormatter, corner: str = ""
) -> ReportFigure:
    """Mean micro-F1 against a cost on a logarithmic axis, with the range over the models.

    Args:
        name: of the figure's files.
        title: in words.
        points: the methods.
        axis: label of the cost axis.
        tick: formatter of its numbers.
        corner: see `panel`.
    """
    with styled():
        columns = 2 if max(len(p.label) for p in points) <= 24 else 1
        figure, axes = panel(4.4, 2.7 + 0.17 * -(-len(points) // columns), corner)
        axes.set_xscale("log")
        number = 0
        for point in points:
            colour, shape = (INK, "*") if point.whole else (series(number), marker_of(number))
            number += not point.whole
            axes.vlines(point.cost, point.low, point.high, color=colour, linewidth=1, alpha=0.5)
            axes.plot(
                [point.cost], [point.score], shape, color=colour, label=point.label,
                markersize=10 if point.whole else 6.5, markeredgewidth=0, linestyle="none",
            )  # fmt: skip
            if point.whole:
                axes.axhline(
                    point.score, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1
                )
        axes.margins(x=0.12, y=0.12)
        low, high = axes.get_xlim()
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 50 * low else (1,)))
        axes.xaxis.set_major_formatter(tick)
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(axis)
        axes.set_ylabel("micro-F1, mean over models [%]")
        figure.legend(loc="outside lower left", ncols=columns, handletextpad=0.3)
    listing = "; ".join(f"{p.label} {p.score:.1f} % at {tick(p.cost)}" for p in points)
    return ReportFigure(name, title, f"{title}. {listing}.", figure, "medium")
