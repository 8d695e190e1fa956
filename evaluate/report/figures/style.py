"""One style for all figures: sizes, colours, and the frame that a figure is drawn in.

Colours are those of a light page. In the HTML each stands for a variable that a dark page sets otherwise, so
one drawing serves both; colours that are not listed here (of heat maps, of dense clouds of points) stay as
they are and are chosen to be seen on either.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

PAPER, INK, MUTED, GRID = "#fefefd", "#1d2733", "#5b6875", "#dfe4ea"
SERIES = (
    "#0b6fb0", "#c9540a", "#0a8a67", "#b0558c", "#9a7400", "#3f97c9", "#6a5acd", "#7a5a3a",
)  # fmt: skip
"""For methods, relations and runs, after Okabe & Ito's colours for all kinds of colour vision, darkened so
that text and thin lines are read; each also has a mark of its own in `MARKS`."""

MARKS = ("o", "s", "^", "D", "v", "P", "X", "h")

DARK = {
    PAPER: "#14181d", INK: "#e6eaef", MUTED: "#a3afbc", GRID: "#303944",
    "#0b6fb0": "#5cb3ec", "#c9540a": "#f58b45", "#0a8a67": "#3ac79d", "#b0558c": "#e08fc0",
    "#9a7400": "#e0b431", "#3f97c9": "#8accf0", "#6a5acd": "#a79cf2", "#7a5a3a": "#c9a27c",
}  # fmt: skip
"""Colour of a light page -> the same part's colour on a dark one."""

VARIABLES = {
    PAPER: "paper", INK: "ink", MUTED: "muted", GRID: "grid",
    **{colour: f"series-{i}" for i, colour in enumerate(SERIES)},
}  # fmt: skip
"""Colour of a light page -> the CSS variable that it becomes in the HTML, without its dashes."""

CLASSES = (
    "#2f86c5", "#e0742c", "#1fa37c", "#c76aa5", "#c79a1e", "#7fb8dc", "#8577d9", "#a0764d",
    "#7a9a2f", "#d1495b", "#4fb7b5", "#8b93a1",
)  # fmt: skip
"""For classes, of a lightness that both pages bear; more classes begin again."""

RELATIONS = ("#7389a0", "#b3925a", "#8f7cb8", "#5f9f8c", "#b97788", "#5b86ad", "#8f9463", "#a5805f")
"""For edges, paler than classes, likewise for either page."""

CLOUD = "#8b98a6"
"""For the many points of a whole graph, which are drawn as pixels."""

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.titlecolor": INK,
    "axes.labelsize": 8,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "legend.labelcolor": INK,
    "text.color": INK,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Drawn:
    """A figure with what a page says of it.

    Attributes:
        name: of its files, without ending.
        title: in words.
        alt: what it shows, for those who do not see it.
        figure: the drawing.
        size: "small" (three side by side on a broad page), "medium" (two), "large" (one), or "wide" (one, as
            broad as the page).
        least: pixels below which it scrolls sideways instead of shrinking.
    """

    name: str
    title: str
    alt: str
    figure: Figure
    size: str = "small"
    least: int = 0


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Inside, matplotlib has this style; outside, what it had before."""
    with mpl.rc_context(RC):
        yield


def panel(width: float = 3.4, height: float = 2.5, mark: str = "") -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes.

    Args:
        width: in inches.
        height: likewise.
        mark: said in a corner, such as the data set and that it is simulated: figures are copied into
            papers without their captions.
    """
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.04))
    axes = figure.add_subplot()
    sign(axes, mark)
    return figure, axes


def sign(axes: Axes, mark: str) -> None:
    """Say `mark` in small letters above the axes' right end."""
    axes.set_title(mark, loc="right", fontsize=7, fontweight="normal", color=MUTED)


def series(index: int) -> str:
    """The colour of the `index`-th series."""
    return SERIES[index % len(SERIES)]


def mark_of(index: int) -> str:
    """The mark of the `index`-th series; colours come again sooner than pairs of both."""
    return MARKS[(index + index // len(SERIES)) % len(MARKS)]


def class_colour(index: int) -> str:
    """The colour of class `index`."""
    return CLASSES[index % len(CLASSES)]


def dots(axes: Axes, at: np.ndarray, sizes: np.ndarray, **style: Any) -> None:
    """Marks [n, 2] of the given areas [n], those of one area together."""
    for area in np.unique(sizes):
        axes.scatter(*at[sizes == area].T, s=area, **style)


def key(shape: str, colour: str, label: str) -> Line2D:
    """A mark for a legend."""
    return Line2D(
        [], [], color=colour, marker=shape, linestyle="none", markeredgewidth=0, label=label,
        markersize=5,
    )  # fmt: skip
