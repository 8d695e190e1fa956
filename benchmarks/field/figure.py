"""What methods keep of the whole graph's scores against the seconds that they take, at equal bytes."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from benchmarks.equal_bytes.comparison import TITLES
from benchmarks.field.standing import METHODS, SHARES, Standing, front
from evaluate.report.figures.style import GRID, INK, MUTED, key, marker_of, series, styled

COLUMNS = 4
LEAST_SECONDS = 0.1
"""Faster methods are drawn here."""


def pareto(known: dict[tuple[str, str], Standing]) -> Figure:
    """A panel a data set, a marker a method; a line joins those that no other one beats."""
    sets = [dataset for dataset in SHARES if any(d == dataset for d, _ in known)]
    rows = -(-(len(sets) + 1) // COLUMNS)
    with styled():
        figure = Figure(
            figsize=(2.5 * COLUMNS, 2.4 * rows), layout=ConstrainedLayoutEngine(w_pad=0.06)
        )
        panels = figure.subplots(rows, COLUMNS, squeeze=False).flat
        for axes, dataset in zip(panels, sets, strict=False):
            mine = {m: one for (d, m), one in known.items() if d == dataset}
            best = front(list(mine.values()))
            axes.step(
                [max(one.seconds, LEAST_SECONDS) for one in best], [one.kept for one in best],
                where="post", color=MUTED, linewidth=0.9, zorder=1,
            )  # fmt: skip
            for i, method in enumerate(METHODS):
                if method in mine:
                    axes.plot(
                        max(mine[method].seconds, LEAST_SECONDS), mine[method].kept, marker_of(i),
                        color=series(i), markersize=5.5, markeredgewidth=0,
                    )  # fmt: skip
            axes.axhline(100, color=INK, linewidth=0.8, zorder=0)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            axes.set_title(TITLES[dataset])
        shown = [(i, m) for i, m in enumerate(METHODS) if any(m == one for _, one in known)]
        legend = figure.axes[len(sets)]
        for axes in figure.axes[len(sets) :]:
            axes.set_axis_off()
        legend.legend(
            handles=[key(marker_of(i), series(i), method) for i, method in shown],
            loc="center", ncols=2, columnspacing=0.8, handletextpad=0.2,
        )  # fmt: skip
        for axes in figure.axes[: len(sets)]:
            axes.tick_params(color=GRID)
        figure.supxlabel("seconds of condensing", fontsize=8, color=MUTED)
        figure.supylabel("% of the whole graph's micro-F1 kept", fontsize=8, color=MUTED)
    return figure


def described(known: dict[tuple[str, str], Standing]) -> str:
    """The numbers that the figure shows, for readers who do not see it."""
    return "Kept of the whole graph's micro-F1, and seconds of condensing. " + "; ".join(
        f"{one.dataset}, {one.method}: {one.kept:.1f} %, {one.seconds:.0f} s"
        for one in known.values()
    )
