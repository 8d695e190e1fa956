"""Whole and condensed features in one plane, that of the principal components."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evaluate.report.feature_projection import FeatureProjection
from evaluate.report.figures.style import (
    CLOUD,
    PAPER,
    ReportFigure,
    class_colour,
    dots,
    key,
    panel,
    styled,
)
from evaluate.report.formatting import percent

MIDDLE = 0.98  # Share of the whole graph's nodes inside the view along each axis.


def draw_projection(name: str, projected: FeatureProjection, corner: str = "") -> ReportFigure:
    """The whole graph's nodes as a cloud, and the condensed nodes over it, coloured by class.

    Args:
        name: of the figure's files.
        projected: coordinates of both.
        corner: see `panel`.
    """
    title = f"{projected.modality}: whole and condensed features"
    crowd = float(np.clip(len(projected.whole) / 1000, 0.3, 1.5))
    with styled():
        figure, axes = panel(4.4, 3.7, corner)
        axes.scatter(
            *projected.whole.T, s=6 / crowd, color=CLOUD, alpha=min(0.75, 0.35 / crowd),
            linewidths=0, rasterized=True,
        )  # fmt: skip
        for c in np.unique(projected.classes):
            own = projected.classes == c
            dots(
                axes, projected.condensed[own], 28 * projected.sizes[own], color=class_colour(int(c)),
                edgecolors=PAPER, linewidths=0.7,
            )  # fmt: skip
        axes.set_xlabel(f"first component, {percent(projected.shares[0])} of the variance")
        axes.set_ylabel(f"second, {percent(projected.shares[1])}")
        axes.set_xticklabels([])
        axes.set_yticklabels([])
        _set_view(axes, projected)
        classes = [
            key("o", class_colour(int(c)), f"class {c}" if c >= 0 else "neighbours")
            for c in np.unique(projected.classes)
        ]
        cloud = key("o", CLOUD, f"whole ({projected.whole_count:,} nodes)")
        figure.legend(
            handles=[cloud, *classes], loc="outside lower left", ncols=4, handletextpad=0.1,
            columnspacing=1,
        )  # fmt: skip
    alt = (
        f"{projected.modality} features of {len(projected.condensed)} condensed nodes over "
        f"{len(projected.whole):,} of the whole graph's {projected.whole_count:,}, on the whole graph's two "
        f"principal components, which explain {percent(sum(projected.shares))} of its variance."
    )
    return ReportFigure(name, title, alt, figure, "medium")


def _set_view(axes: Axes, projected: FeatureProjection) -> None:
    """Show all condensed nodes and the middle of the whole graph's: a few outliers would squeeze the rest."""
    low, high = np.quantile(projected.whole, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2], axis=0)
    low = np.minimum(low, projected.condensed.min(axis=0))
    high = np.maximum(high, projected.condensed.max(axis=0))
    room = 0.05 * np.maximum(high - low, 1e-9)
    axes.set_xlim(low[0] - room[0], high[0] + room[0])
    axes.set_ylim(low[1] - room[1], high[1] + room[1])
