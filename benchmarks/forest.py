"""Paired differences of SR-GM over each baseline, and the forest plot of docs/results.

`python -m benchmarks.results_pages` writes both: the numbers to docs/results/forest.csv, the plot to
docs/figures/forest.svg.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from benchmarks.committed import OURS, SHOWN, rows_of
from benchmarks.tables import METHODS, MODELS
from evaluate.report.figures.style import GRID, INK, marker_of, series, styled
from evaluate.results.comparisons import compare
from evaluate.results.paired import PairedDifference
from evaluate.results.rows import WHOLE, Row

START = "srgm:epochs=0"
CLOSE = {
    "kmeans:labels=pseudo": "k-means, guessed classes",
    "coarsening": "coarsening",
    START: "its own start",
}
FAR = {
    "kmeans": "k-means, labelled nodes",
    "herding": "herding",
    "kcenter": "k-center",
    "random": "random nodes",
}
MOST = 8.5  # Points: where the axis of the close baselines ends.


@dataclass(frozen=True)
class Difference:
    """How far SR-GM is ahead of a baseline, in points of micro-F1 on the mean over the models.

    Attributes:
        table: name in `SHOWN`.
        baseline: a method.
        models: how many models the mean is over.
        mean: of the paired differences.
        half: half width of the 95 % interval of this comparison alone.
        half_together: half width of the interval corrected (Bonferroni) for all baselines of the table.
        p: two-sided, corrected (Holm) likewise.
        pairs: how many pairs of equal condensing and training seed.
    """

    table: str
    baseline: str
    models: int
    mean: float
    half: float
    half_together: float
    p: float
    pairs: int


def differences(table: str, models: Sequence[str] = MODELS) -> list[Difference]:
    """SR-GM against each baseline of a table, in the order of the tables."""
    rows = rows_of(table, models)
    ours = [row for row in rows if row.method == OURS]
    scores = {
        method: {(r.model, r.condense_seed, r.train_seed): r for r in rows if r.method == method}
        for method in METHODS
    }
    # `compare` takes the first condensed method for the one that is compared with all others.
    together = compare(ours + [row for row in rows if row.method not in (OURS, WHOLE)])
    made = []
    for comparison in together:
        baseline = comparison.rival
        common = {model for model, *_ in scores[OURS]} & {m for m, *_ in scores[baseline]}
        alone = _alone(rows, baseline)
        made.append(
            Difference(
                table, baseline, len(common), alone.mean, alone.half,
                comparison.difference.half, comparison.p, alone.count,
            )
        )  # fmt: skip
    return made


def _alone(rows: Sequence[Row], baseline: str) -> PairedDifference:
    """The comparison with one baseline by itself: a family of one."""
    (comparison,) = compare(
        [r for r in rows if r.method == OURS] + [r for r in rows if r.method == baseline]
    )
    return comparison.difference


def all_differences() -> list[Difference]:
    """The differences of all tables of `SHOWN`."""
    return [difference for table in SHOWN for difference in differences(table)]


def as_csv(records: Sequence[Difference]) -> str:
    """The differences as a CSV file."""
    stream = io.StringIO()
    names = [field.name for field in fields(Difference)]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for record in records:
        values = [getattr(record, name) for name in names]
        writer.writerow([f"{v:.4f}" if isinstance(v, float) else v for v in values])
    return stream.getvalue()


def stamp(text: str) -> str:
    """What the plot says of the numbers that it shows, so that a test can tell a stale plot."""
    return f"<!-- drawn from forest.csv, SHA-256 {hashlib.sha256(text.encode()).hexdigest()} -->"


def forest(records: Sequence[Difference]) -> Figure:
    """One band per data set; close baselines on the left, those far behind on the right."""
    with styled():
        figure = Figure(figsize=(8.6, 7.4), layout=ConstrainedLayoutEngine(w_pad=0.08))
        near, far = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
        tables = [t for t in SHOWN if any(r.table == t for r in records)]
        for band, table in enumerate(tables):
            for axes in (near, far):
                axes.axhspan(
                    band - 0.5, band + 0.5, color=GRID, alpha=0.45 * (band % 2), linewidth=0
                )
            chosen = {r.baseline: r for r in records if r.table == table}
            _intervals(near, band, chosen, tuple(CLOSE), 0)
            _intervals(far, band, chosen, tuple(FAR), len(CLOSE))
        near.set_yticks(range(len(tables)), [SHOWN[t].title for t in tables])
        near.set_ylim(len(tables) - 0.5, -0.5)
        near.tick_params(axis="y", labelcolor=INK)
        near.set_xlim(-MOST, MOST)
        far.set_xlim(-9, 42)
        for axes, title in (
            (near, "over the close baselines"),
            (far, "over labelled and real nodes"),
        ):
            axes.axvline(0, color=INK, linewidth=0.9)
            axes.grid(visible=False, axis="y")
            axes.set_title(title)
            axes.set_xlabel(
                "\N{LEFTWARDS ARROW} behind   points of micro-F1   SR-GM ahead \N{RIGHTWARDS ARROW}"
            )
        names = {**CLOSE, **FAR}
        figure.legend(
            handles=[
                Line2D([], [], color=series(i), marker=marker_of(i), label=names[m], markersize=5)
                for i, m in enumerate(names)
            ],
            loc="outside lower center", ncols=4,
        )  # fmt: skip
    return figure


def _intervals(
    axes: Axes, band: int, chosen: dict[str, Difference], baselines: Sequence[str], colour: int
) -> None:
    """The intervals of one data set, thick alone and thin together, one line per baseline."""
    step = 0.8 / len(baselines)
    for i, baseline in enumerate(baselines):
        if (record := chosen.get(baseline)) is None:
            continue
        y, own = band - 0.4 + step * (i + 0.5), series(colour + i)
        for half, width in ((record.half_together, 0.9), (record.half, 2.4)):
            axes.plot(
                [record.mean - half, record.mean + half], [y, y], color=own, linewidth=width,
                solid_capstyle="butt",
            )  # fmt: skip
        axes.plot(
            [record.mean], [y], marker_of(colour + i), color=own, markersize=4.6, markeredgewidth=0
        )


def described(records: Sequence[Difference]) -> str:
    """What the plot shows, for readers who do not see it."""
    close = [r for r in records if r.baseline in CLOSE]
    ahead = sum(r.mean > r.half for r in close)
    behind = sum(r.mean < -r.half for r in close)
    return (
        f"Forest plot of paired differences. Over k-means with guessed classes, coarsening and its own "
        f"start, SR-GM is ahead in {ahead} of {len(close)} comparisons, behind in {behind}, and cannot "
        f"be told apart in {len(close) - ahead - behind}, by 95 % intervals. Over real nodes and k-means "
        f"of labelled nodes it is mostly far ahead."
    )
