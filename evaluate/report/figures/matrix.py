"""A matrix of percentages as a heat map with the numbers in its cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize

from evaluate.report.figures.style import MUTED, PAPER, ReportFigure, panel, styled
from evaluate.report.tables import MISSING

SHADES = LinearSegmentedColormap.from_list(
    "shades", ["#f2ead8", "#b5d3c5", "#5fa8a8", "#2c7290", "#1d4670", "#142a4c"]
)
"""Steadily darker, so that it can be read in grey and with any kind of colour vision."""

LEAST_SPAN = (
    10.0  # Points from the lightest to the darkest shade, so that small differences look small.
)
LONG = 28  # Longer names are broken into two lines.
CELL = (0.72, 0.34)  # Width and height in inches.


def heat_map(
    name: str,
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    corner: str = "",
) -> ReportFigure:
    """Rows down, columns across; None leaves a cell empty.

    Args:
        name: of the figure's files.
        title: in words.
        rows: names, from the top.
        columns: names, from the left.
        values: in percent, [row][column].
        corner: see `panel`.
    """
    grid = np.array([[math.nan if v is None else v for v in row] for row in values])
    low, high = span([v for v in grid.flat if math.isfinite(v)])
    scale = Normalize(low, high)
    names = [_folded(name) for name in rows]
    longest = max(len(line) for name in names for line in name.split("\n"))
    with styled():
        width = 0.45 + 0.062 * longest + CELL[0] * len(columns) + 0.55
        figure, axes = panel(width, 0.75 + CELL[1] * len(rows), corner)
        mesh = axes.pcolormesh(
            np.ma.masked_invalid(grid), cmap=SHADES, norm=scale, edgecolors=PAPER, linewidth=2
        )
        for i, j in np.ndindex(*grid.shape):
            value = grid[i, j]
            text = MISSING if math.isnan(value) else f"{value:.1f}"
            colour = MUTED if math.isnan(value) else _readable_on(float(scale(value)))
            axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", color=colour, fontsize=8)
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns)
        axes.set_yticks(np.arange(len(rows)) + 0.5, names)
        axes.invert_yaxis()
        axes.grid(False)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(mesh, ax=axes, format="{x:.0f} %", aspect=14, pad=0.02)
        bar.outline.set_visible(False)  # type: ignore[operator]
    return ReportFigure(
        name, title, _alt(title, rows, columns, grid), figure, "wide", round(92 * width)
    )


def span(values: Sequence[float]) -> tuple[float, float]:
    """Values of the lightest and the darkest shade, at least `LEAST_SPAN` apart, with all values between."""
    if not values:
        return 0.0, 100.0
    low, high = math.floor(min(values)), math.ceil(max(values))
    return min(low, high - LEAST_SPAN), high


def _folded(name: str) -> str:
    """A long name in two lines, broken between the method's settings."""
    marks = [i + 1 for i, c in enumerate(name) if c in ",:"]
    if len(name) <= LONG or not marks:
        return name
    middle = min(marks, key=lambda i: abs(i - len(name) / 2))
    return f"{name[:middle]}\n{name[middle:]}"


def _readable_on(share: float) -> str:
    """A dark or a light text colour for a shade."""
    red, green, blue, _ = SHADES(share)
    return "#0f1b2b" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45 else "#ffffff"


def _alt(title: str, rows: Sequence[str], columns: Sequence[str], grid: np.ndarray) -> str:
    if not np.isfinite(grid).any():
        return f"{title}: no value."
    sentences = [f"{title}, {len(rows)} rows by {len(columns)} columns."]
    for word, index in (("Highest", np.nanargmax(grid)), ("Lowest", np.nanargmin(grid))):
        i, j = divmod(int(index), len(columns))
        sentences.append(f"{word} {grid[i, j]:.1f} % for {rows[i]} with {columns[j]}.")
    return " ".join(sentences)
