"""Validation scores of the same architectures after a cheap training and on the whole graph."""

from __future__ import annotations

from collections.abc import Sequence

from evaluate.report.figures.style import ReportFigure, marker_of, panel, series, styled


def agreement(
    name: str,
    title: str,
    models: Sequence[str],
    cheap: Sequence[float],
    whole: Sequence[float],
    correlation: str,
    axis: str,
    corner: str = "",
) -> ReportFigure:
    """One point for each architecture, with a marker for its model.

    Args:
        name: of the figure's files.
        title: in words.
        models: of the architectures.
        cheap: scores after the cheap training, in 0 … 1.
        whole: scores on the whole graph, likewise.
        correlation: the rank correlation as text, shown in the figure.
        axis: name of the cheap training.
        corner: see `panel`.
    """
    names = sorted(set(models))
    with styled():
        rows = (len(names) + 2) // 3
        figure, axes = panel(3.4, 2.9 + 0.16 * rows, corner)
        for i, model_name in enumerate(names):
            own = [k for k, model in enumerate(models) if model == model_name]
            axes.plot(
                [100 * cheap[k] for k in own], [100 * whole[k] for k in own], marker_of(i),
                color=series(i), label=model_name, markersize=5, alpha=0.85, linestyle="none",
                markeredgewidth=0,
            )  # fmt: skip
        axes.set_xlabel(f"{axis} [%]")
        axes.set_ylabel("whole graph [%]")
        axes.margins(0.08)
        axes.set_title(correlation)
        figure.legend(loc="outside lower left", ncols=3, handletextpad=0.1, columnspacing=1)
    alt = f"{title}: {len(models)} architectures, {correlation}."
    return ReportFigure(name, title, alt, figure, "small")
