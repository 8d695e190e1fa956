"""What methods keep of the whole graph's scores against the bytes that they take."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.equal_bytes.comparison import (
    LARGE,
    METHODS,
    MODELS_OF_MEANS,
    ROWS,
    TITLES,
    Comparison,
)
from evaluate.report.figures.style import INK, marker_of, series, styled


@dataclass(frozen=True)
class Point:
    """A method at a share of the bytes.

    Attributes:
        dataset: its name.
        share: of the whole graph's bytes.
        method: in short form.
        kept: mean of the models' micro-F1 in percent of the whole graph's.
        seeds: of condensing, the fewest of a model.
    """

    dataset: str
    share: float
    method: str
    kept: float
    seeds: int


def shares_of(dataset: str) -> list[float]:
    """The shares of which rows are kept, ascending."""
    names = [path.stem.removeprefix(f"{dataset}-") for path in ROWS.glob(f"{dataset}-*.csv")]
    return sorted(float(name) for name in names)


def points() -> list[Point]:
    """All points of which every model's rows are kept."""
    found = []
    for dataset in LARGE:
        for share in shares_of(dataset):
            comparison = Comparison(dataset, share)
            for method in METHODS:
                kept = comparison.retention(method, MODELS_OF_MEANS)
                if len(kept) == len(MODELS_OF_MEANS):
                    seeds = min(
                        len(rows) for rows in comparison.kept(method, MODELS_OF_MEANS).values()
                    )
                    mean = statistics.fmean(kept.values())
                    found.append(Point(dataset, share, method, mean, seeds))
    return found


def curves(known: Sequence[Point]) -> Figure:
    """A panel a data set, a line a method."""
    with styled():
        figure = Figure(figsize=(8.6, 3.9), layout=ConstrainedLayoutEngine(w_pad=0.08))
        panels = figure.subplots(1, len(LARGE), sharey=True)
        for axes, dataset in zip(panels, LARGE, strict=True):
            for i, method in enumerate(METHODS):
                mine = [p for p in known if (p.dataset, p.method) == (dataset, method)]
                axes.plot(
                    [p.share for p in mine], [p.kept for p in mine], marker=marker_of(i),
                    color=series(i), label=method, markersize=5, markeredgewidth=0,
                )  # fmt: skip
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(FixedLocator(shares_of(dataset)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %"))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.axhline(100, color=INK, linewidth=0.9)
            axes.set_title(TITLES[dataset])
            axes.set_xlabel("of the whole graph's bytes")
        panels[0].set_ylabel("% of the whole graph's micro-F1 kept")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def described(known: Sequence[Point]) -> str:
    """The numbers that the curves show, for readers who do not see them."""
    return "Kept of the whole graph's micro-F1, mean over five models. " + "; ".join(
        f"{p.dataset}, {100 * p.share:g} % of the bytes, {p.method}: {p.kept:.1f} %" for p in known
    )
