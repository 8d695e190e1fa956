"""Whole and condensed features in one plane."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evaluate.report.figures.style import (
    CLOUD,
    PAPER,
    Drawn,
    class_colour,
    dots,
    key,
    panel,
    styled,
)
from evaluate.report.planes import Plane
from evaluate.report.words import percent

MIDDLE = 0.98  # Share of the whole graph's nodes that is in view along each axis.


def projection(name: str, plane: Plane, mark: str = "") -> Drawn:
    """The whole graph's nodes as a cloud, the condensed ones over it by class.

    Args:
        name: of the figure's files.
        plane: where they lie.
        mark: see `panel`.
    """
    title = f"{plane.modality}: whole and condensed features"
    crowd = float(np.clip(len(plane.whole) / 1000, 0.3, 1.5))
    with styled():
        figure, axes = panel(4.4, 3.7, mark)
        axes.scatter(
            *plane.whole.T, s=6 / crowd, color=CLOUD, alpha=min(0.75, 0.35 / crowd),
            linewidths=0, rasterized=True,
        )  # fmt: skip
        for c in np.unique(plane.classes):
            own = plane.classes == c
            dots(
                axes, plane.condensed[own], 28 * plane.sizes[own], color=class_colour(int(c)),
                edgecolors=PAPER, linewidths=0.7,
            )  # fmt: skip
        axes.set_xlabel(f"first component, {percent(plane.shares[0])} of the variance")
        axes.set_ylabel(f"second, {percent(plane.shares[1])}")
        axes.set_xticklabels([])
        axes.set_yticklabels([])
        _look_at(axes, plane)
        classes = [key("o", class_colour(int(c)), f"class {c}") for c in np.unique(plane.classes)]
        cloud = key("o", CLOUD, f"whole ({plane.whole_count:,} nodes)")
        figure.legend(
            handles=[cloud, *classes], loc="outside lower left", ncols=4, handletextpad=0.1,
            columnspacing=1,
        )  # fmt: skip
    said = (
        f"{plane.modality} features of {len(plane.condensed)} condensed nodes over "
        f"{len(plane.whole):,} of the whole graph's {plane.whole_count:,}, on the two principal components "
        f"of the whole graph's, which hold {percent(sum(plane.shares))} of its variance."
    )
    return Drawn(name, title, said, figure, "medium")


def _look_at(axes: Axes, plane: Plane) -> None:
    """All condensed nodes and the middle of the whole graph's: a few outliers would squeeze the rest."""
    low, high = np.quantile(plane.whole, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2], axis=0)
    low = np.minimum(low, plane.condensed.min(axis=0))
    high = np.maximum(high, plane.condensed.max(axis=0))
    room = 0.05 * np.maximum(high - low, 1e-9)
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    axes.set_ylim(low[1] - room[1], high[1] + room[1])
