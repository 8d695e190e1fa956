"""Bars of the classes' shares in the whole and in condensed graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import FuncFormatter

from evaluate.report.figures.style import MUTED, ReportFigure, panel, series, styled


def class_balance(
    name: str, title: str, counts: Mapping[str, Sequence[int]], corner: str = ""
) -> ReportFigure:
    """Bars of each class's share, side by side for the graphs.

    Args:
        name: of the figure's files.
        title: in words.
        counts: a graph's label -> nodes of each class; at least one node.
        corner: see `panel`.
    """
    shares = {label: 100 * np.array(n) / sum(n) for label, n in counts.items()}
    classes = len(next(iter(shares.values())))
    width = 0.8 / len(shares)
    with styled():
        figure, axes = panel(4.4, 2.6, corner)
        for i, (label, share) in enumerate(shares.items()):
            at = np.arange(classes) + (i - (len(shares) - 1) / 2) * width
            colour = MUTED if i == 0 and len(shares) > 1 else series(i - (len(shares) > 1))
            axes.bar(at, share, 0.92 * width, color=colour, label=label)
        axes.set_xticks(range(classes))
        axes.set_xlabel("class")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f} %"))
        axes.grid(axis="x", visible=False)
        figure.legend(loc="outside lower left", ncols=2, handlelength=1)
    listing = "; ".join(
        f"{label}: {', '.join(f'{s:.1f} %' for s in share)}" for label, share in shares.items()
    )
    alt = f"{title}. Classes 0 to {classes - 1}. {listing}."
    return ReportFigure(name, title, alt, figure, "medium")
