"""Validation scores of the same architectures on a small and on the whole graph."""

from __future__ import annotations

from collections.abc import Sequence

from evaluate.report.figures.style import Drawn, mark_of, panel, series, styled


def agreement(
    name: str,
    title: str,
    models: Sequence[str],
    small: Sequence[float],
    whole: Sequence[float],
    said: str,
    axis: str,
    mark: str = "",
) -> Drawn:
    """One point an architecture, marked by its family.

    Args:
        name: of the figure's files.
        title: in words.
        models: families.
        small: scores after the cheap training, in 0 … 1.
        whole: scores on the whole graph, likewise.
        said: the rank correlation, shown in the figure.
        axis: what the cheap training is.
        mark: see `panel`.
    """
    families = sorted(set(models))
    with styled():
        rows = (len(families) + 2) // 3
        figure, axes = panel(3.4, 2.9 + 0.16 * rows, mark)
        for i, family in enumerate(families):
            own = [k for k, model in enumerate(models) if model == family]
            axes.plot(
                [100 * small[k] for k in own], [100 * whole[k] for k in own], mark_of(i),
                color=series(i), label=family, markersize=5, alpha=0.85, linestyle="none",
                markeredgewidth=0,
            )  # fmt: skip
        axes.set_xlabel(f"{axis} [%]")
        axes.set_ylabel("whole graph [%]")
        axes.margins(0.08)
        axes.set_title(said)
        figure.legend(loc="outside lower left", ncols=3, handletextpad=0.1, columnspacing=1)
    alt = f"{title}: {len(models)} architectures, {said}."
    return Drawn(name, title, alt, figure, "small")
