"""One style for all figures: sizes, colours, and an empty panel to draw in.

Colours are those of a light page. In the HTML each becomes a CSS variable that has another value on a dark
page, so that one drawing serves both. Colours without a variable (heat maps, dense clouds of points) stay as
they are; they can be seen on either page.
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
that text and thin lines can be read; each also has a marker of its own in `MARKERS`."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")

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
"""Colour of a light page -> its CSS variable in the HTML, without the dashes."""

CLASSES = (
    "#2f86c5", "#e0742c", "#1fa37c", "#c76aa5", "#c79a1e", "#7fb8dc", "#8577d9", "#a0764d",
    "#7a9a2f", "#d1495b", "#4fb7b5", "#8b93a1",
)  # fmt: skip
"""For classes, of a lightness that suits both pages; with more classes the colours repeat."""

RELATIONS = ("#7389a0", "#b3925a", "#8f7cb8", "#5f9f8c", "#b97788", "#5b86ad", "#8f9463", "#a5805f")
"""For edges, paler than classes, and also for both pages."""

CLOUD = "#8b98a6"
"""For the points of a whole graph, which are drawn as pixels."""

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "text.parse_math": False,  # Names may hold dollar signs.
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
class ReportFigure:
    """A figure with the texts that the page shows beside it.

    Attributes:
        name: of its files, without ending.
        title: in words.
        alt: what it shows, for readers who cannot see it.
        drawing: by matplotlib.
        size: "small" (three side by side on a broad page), "medium" (two), "large" (one), or "wide" (one, as
            broad as the page).
        least: width in pixels below which it scrolls sideways instead of shrinking.
    """

    name: str
    title: str
    alt: str
    drawing: Figure
    size: str = "small"
    least: int = 0


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Matplotlib in this style; its own settings return afterwards."""
    with mpl.rc_context(RC):
        yield


def panel(width: float = 3.4, height: float = 2.5, corner: str = "") -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes.

    Args:
        width: in inches.
        height: likewise.
        corner: text in a corner, such as the data set and that it is simulated, since figures are copied
            into papers without their captions.
    """
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.04))
    axes = figure.add_subplot()
    axes.set_title(corner, loc="right", fontsize=7, fontweight="normal", color=MUTED)
    return figure, axes


def series(index: int) -> str:
    """The colour of the `index`-th series."""
    return SERIES[index % len(SERIES)]


def marker_of(index: int) -> str:
    """The marker of the `index`-th series; pairs of colour and marker repeat later than colours do."""
    return MARKERS[(index + index // len(SERIES)) % len(MARKERS)]


def class_colour(index: int) -> str:
    """The colour of class `index`."""
    return CLASSES[index % len(CLASSES)]


def dots(axes: Axes, at: np.ndarray, sizes: np.ndarray, **style: Any) -> None:
    """Draw markers at positions [n, 2] with areas [n], one call for each area."""
    for area in np.unique(sizes):
        axes.scatter(*at[sizes == area].T, s=area, **style)


def key(shape: str, colour: str, label: str) -> Line2D:
    """A marker for a legend."""
    return Line2D(
        [], [], color=colour, marker=shape, linestyle="none", markeredgewidth=0, label=label,
        markersize=5,
    )  # fmt: skip
