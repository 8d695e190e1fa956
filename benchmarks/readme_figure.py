"""The README's figure: a whole graph becomes a small one; what that keeps, and what it costs.

    python -m benchmarks.readme_figure

Every number is computed from the committed rows. The two graphs are a schematic drawing of IMDB: one dot per
node and, in the small graph, one line per pair of opposite edges, at invented places.
"""

from __future__ import annotations

import html
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.adaptive_svg import adaptive
from benchmarks.committed import HEADINGS, OURS, lines_of
from benchmarks.results_pages import FIGURES
from evaluate.report.figures.style import CLASSES, GRID, INK, MUTED, PAPER, SERIES, styled
from evaluate.report.figures.svg import png
from evaluate.results.rows import WHOLE
from evaluate.results.table import readable_bytes

DRAWN = "imdb"
# Nodes of each type on the whole and on the condensed IMDB (docs/results/imdb.md).
TYPES = {"films": (4278, 43), "directors": (2081, 21), "actors": (5257, 53)}
# Few labels each, with complete rows: Photo's whole-graph rows were not kept. Sets with many labels are in
# the figure at equal bytes.
SETS = ("imdb", "acm", "dblp", "cora")
COMPARED = {"random": ("random nodes", "D", MUTED), "coarsening": ("coarsening", "s", SERIES[1])}
BELOW = {"random": 0.0, "coarsening": 0.22}  # Beside SR-GM's mark, which would hide coarsening's.
COLOURS = (CLASSES[0], CLASSES[1], CLASSES[2])


@dataclass(frozen=True)
class Summary:
    """What a data set's rows say about SR-GM.

    Attributes:
        title: of the data set.
        nodes, edges, bytes: each of the whole and of the condensed graph.
        kept: method -> mean retention over the models, in percent.
        least, most: retention of SR-GM's worst and best model, in percent.
        whole_seconds: to train every model once on the whole graph.
        small_seconds: to condense, and train every model once on the condensed graph.
    """

    title: str
    nodes: tuple[float, float]
    edges: tuple[float, float]
    bytes: tuple[float, float]
    kept: dict[str, float]
    least: float
    most: float
    whole_seconds: float
    small_seconds: float


def summary(table: str) -> Summary:
    """The summary of one table."""
    lines = lines_of(table)
    whole = [line for line in lines if line.method == WHOLE]
    ours = [line for line in lines if line.method == OURS]
    kept = {
        method: statistics.fmean(x.retention or 0 for x in lines if x.method == method)
        for method in (*COMPARED, OURS)
    }
    retained = [line.retention or 0 for line in ours]
    return Summary(
        title=HEADINGS[table].title,
        nodes=(whole[0].nodes, ours[0].nodes),
        edges=(whole[0].edges, ours[0].edges),
        bytes=(whole[0].bytes, ours[0].bytes),
        kept=kept,
        least=min(retained),
        most=max(retained),
        whole_seconds=sum(line.train_seconds for line in whole),
        small_seconds=ours[0].condense_seconds + sum(line.train_seconds for line in ours),
    )


def draw(summaries: Sequence[Summary], pictured: Summary) -> Figure:
    """Left the two graphs, right retention and seconds, one line per data set."""
    with styled():
        figure = Figure(figsize=(8.8, 4.0))
        graphs = figure.add_axes((0.005, 0.03, 0.44, 0.94))
        kept = figure.add_axes((0.565, 0.22, 0.22, 0.66))
        costs = figure.add_axes((0.815, 0.22, 0.175, 0.66), sharey=kept)
        _graphs(graphs, pictured)
        _kept(kept, summaries)
        _costs(costs, summaries)
        figure.legend(
            handles=[
                _key("o", SERIES[0], "SR-GM, range over the models"),
                *(_key(shape, colour, name) for name, shape, colour in COMPARED.values()),
                _key("*", INK, "the whole graph"),
            ],
            loc="lower left", bbox_to_anchor=(0.5, 0.0), ncols=2, handletextpad=0.3,
            columnspacing=1.2,
        )  # fmt: skip
    return figure


def _key(shape: str, colour: str, label: str) -> Line2D:
    return Line2D(
        [], [], color=colour, marker=shape, linestyle="none", markersize=8 if shape == "*" else 5,
        markeredgewidth=0, label=label,
    )  # fmt: skip


def _kept(axes: Axes, summaries: Sequence[Summary]) -> None:
    """Mean retention, and SR-GM's range over the models."""
    for y, each in enumerate(summaries):
        axes.plot([each.least, each.most], [y, y], color=SERIES[0], linewidth=2, alpha=0.45)
        for method, (_, shape, colour) in COMPARED.items():
            axes.plot(
                [each.kept[method]],
                [y + BELOW[method]],
                shape,
                color=colour,
                markersize=5,
                markeredgewidth=0,
            )
        axes.plot([each.kept[OURS]], [y], "o", color=SERIES[0], markersize=6, markeredgewidth=0)
    axes.axvline(100, color=INK, linewidth=0.9)
    axes.plot([100], [-0.62], "*", color=INK, markersize=8, markeredgewidth=0, clip_on=False)
    axes.set_yticks(range(len(summaries)), [each.title.replace(" (", "\n(") for each in summaries])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(summaries) - 0.4, -0.6)
    axes.set_xlim(62, 146)
    axes.set_title("what it keeps")
    axes.set_xlabel("% of the whole graph's micro-F1")
    axes.grid(visible=False, axis="y")


def _costs(axes: Axes, summaries: Sequence[Summary]) -> None:
    """Seconds to train all models on the whole graph, against condensing and training on the result."""
    axes.set_xscale("log")
    for y, each in enumerate(summaries):
        axes.plot([each.small_seconds, each.whole_seconds], [y, y], color=GRID, linewidth=2)
        axes.plot([each.whole_seconds], [y], "*", color=INK, markersize=8, markeredgewidth=0)
        axes.plot([each.small_seconds], [y], "o", color=SERIES[0], markersize=6, markeredgewidth=0)
        axes.annotate(
            f"÷ {each.whole_seconds / each.small_seconds:.0f}", (each.small_seconds, y),
            (-6, 0), textcoords="offset points", ha="right", va="center", fontsize=7.5, color=MUTED,
        )  # fmt: skip
    axes.set_xlim(1.5, 2000)
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", labelleft=False)
    axes.set_title("what it costs")
    axes.set_xlabel("seconds, five models")
    axes.grid(visible=False, axis="y")


def _graphs(axes: Axes, pictured: Summary) -> None:
    """The whole graph as a cloud around the condensed nodes' places, and the condensed graph beside it."""
    generator = np.random.default_rng(0)
    small_type = np.repeat(np.arange(len(TYPES)), [small for _, small in TYPES.values()])
    centres = _spread(len(small_type), generator)
    whole_type = np.repeat(np.arange(len(TYPES)), [whole for whole, _ in TYPES.values()])
    assert (len(whole_type), len(small_type)) == pictured.nodes, "TYPES disagree with the rows"
    home = np.array([generator.choice(np.flatnonzero(small_type == t)) for t in whole_type])
    cloud = centres[home] + generator.normal(0, 0.085, (len(home), 2))
    left, right = np.array([-1.3, 0.0]), np.array([1.3, 0.0])
    ends = generator.integers(0, len(cloud), (6000, 1))
    near = np.argsort(np.abs(cloud[ends[:, 0], None] - centres).sum(-1), 1)[:, 1:6]
    other = np.array([generator.choice(np.flatnonzero(home == generator.choice(n))) for n in near])
    axes.add_collection(
        LineCollection(
            list(np.stack([cloud[ends[:, 0]], cloud[other]], 1) + left), colors=MUTED,
            linewidths=0.3, alpha=0.12, rasterized=True,
        )
    )  # fmt: skip
    edges = _edges(centres, small_type, round(pictured.edges[1] / 2))
    axes.add_collection(
        LineCollection(list(0.86 * centres[edges] + right), colors=MUTED, linewidths=0.7, alpha=0.7)
    )
    for t, colour in enumerate(COLOURS):
        axes.scatter(
            *(cloud[whole_type == t] + left).T, s=1.6, color=colour, linewidths=0, alpha=0.75,
            rasterized=True,
        )  # fmt: skip
        axes.scatter(
            *(0.86 * centres[small_type == t] + right).T, s=34, color=colour, edgecolors=PAPER,
            linewidths=0.7, zorder=3,
        )  # fmt: skip
    axes.annotate(
        "", (0.3, 0), (-0.08, 0), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.4}
    )
    for side, place in enumerate((left, right)):
        axes.text(
            place[0], -1.42, f"{pictured.nodes[side]:,.0f} nodes, {pictured.edges[side]:,.0f} edges\n"
            f"{readable_bytes(pictured.bytes[side])}",
            ha="center", va="top", fontsize=8, linespacing=1.5,
        )  # fmt: skip
    axes.text(-2.4, 1.8, f"{pictured.title}, condensed to 1 %", fontsize=9, fontweight="bold")
    axes.set_aspect("equal")
    for t, (name, colour) in enumerate(zip(TYPES, COLOURS, strict=True)):
        axes.plot([-1.0 + 0.95 * t], [1.36], "o", color=colour, markersize=5, markeredgewidth=0)
        axes.text(-0.92 + 0.95 * t, 1.36, name, va="center", fontsize=7.5, color=MUTED)
    axes.set_xlim(-2.45, 2.45)
    axes.set_ylim(-1.95, 2.0)
    axes.set_axis_off()


def _spread(count: int, generator: np.random.Generator) -> np.ndarray:
    """Places [count, 2] in the unit disc, in random order, as a sunflower has its seeds."""
    turns = np.arange(count) * np.pi * (3 - np.sqrt(5))
    radii = np.sqrt((np.arange(count) + 0.5) / count)
    return generator.permutation(np.stack([radii * np.cos(turns), radii * np.sin(turns)], 1))


def _edges(places: np.ndarray, types: np.ndarray, count: int) -> np.ndarray:
    """The `count` shortest pairs [count, 2] of a film with a director or an actor."""
    pairs = [(i, j) for i in np.flatnonzero(types == 0) for j in np.flatnonzero(types > 0)]
    return np.array(sorted(pairs, key=lambda p: np.hypot(*(places[p[0]] - places[p[1]])))[:count])


def described(summaries: Sequence[Summary], pictured: Summary) -> str:
    """What the figure shows, for readers who do not see it."""
    lines = "; ".join(
        f"{each.title} keeps {each.kept[OURS]:.0f} % ({each.least:.0f} to {each.most:.0f} by model) at "
        f"{each.small_seconds:.0f} in place of {each.whole_seconds:.0f} seconds"
        for each in summaries
    )
    return (
        f"{pictured.title}'s {pictured.nodes[0]:,.0f} nodes condensed to {pictured.nodes[1]:,.0f}. "
        f"Retention and cost of SR-GM: {lines}."
    )


def main() -> None:
    """Write the figure as SVG and PNG."""
    summaries = [summary(table) for table in SETS]
    pictured = summary(DRAWN)
    figure = draw(summaries, pictured)
    text = adaptive(figure, described(summaries, pictured))
    (FIGURES / "readme.svg").write_text(text, encoding="utf-8")
    (FIGURES / "readme.png").write_bytes(png(figure))
    print(html.unescape(described(summaries, pictured)))


if __name__ == "__main__":
    main()
