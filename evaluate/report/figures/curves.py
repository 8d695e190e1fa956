"""What a condenser logged during its run, one panel for each quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluate.report.figures.style import MUTED, ReportFigure, panel, series, styled
from evaluate.report.formatting import slug

History = Sequence[Mapping[str, float]]

PANELS = {
    "loss": ("loss", "Gradient-matching loss"),
    "conflict_rate": ("conflicts", "Conflict rate of modalities"),
    "energy": ("energy", "Energy of the gradient field"),
    "edge_mass": ("edge-mass", "Edge mass, the sum of weights"),
    "effective_edges": ("effective-edges", "Effective edges"),
    "val_score": ("validation", "Relay's validation accuracy"),
}
"""Quantity in the history -> name of the figure, its title."""

CHANCE = {"conflict_rate": "chance_conflict_rate"}
"""Quantity in the history -> the quantity with its value by chance."""

LEFT_OUT = frozenset({"step", "density", *CHANCE.values()})
"""Quantities without a panel of their own. Density is the number of edges, which does not change, over that
of pairs."""


@dataclass(frozen=True)
class Curve:
    """One run.

    Attributes:
        label: of the run.
        history: one record a logged step.
        marks: quantity -> a point (step, value) to mark, such as the state that was kept.
    """

    label: str
    history: History
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def curves(prefix: str, runs: Sequence[Curve], corner: str = "") -> list[ReportFigure]:
    """One figure for each quantity that any run has logged.

    Args:
        prefix: of the figures' names.
        runs: runs with at least one record.
        corner: see `panel`.
    """
    names = dict.fromkeys(name for run in runs for record in run.history for name in record)
    known = [name for name in PANELS if name in names]
    unknown = [name for name in names if name not in PANELS and name not in LEFT_OUT]
    return [_panel(prefix, name, runs, corner) for name in (*known, *unknown)]


def _panel(prefix: str, name: str, runs: Sequence[Curve], corner: str) -> ReportFigure:
    short, title = PANELS.get(name, (slug(name), name.replace("_", " ").capitalize()))
    chance = CHANCE.get(name)
    listing = []
    with styled():
        figure, axes = panel(3.4, 2.3, corner)
        for i, run in enumerate(runs):
            steps, values = read(run.history, name)
            if not steps:
                continue
            axes.plot(steps, values, color=series(i), label=run.label)
            listing.append(f"{run.label}: from {values[0]:.3g} to {values[-1]:.3g}")
            if chance is not None:
                at, expected = read(run.history, chance)
                axes.plot(
                    at, expected, color=series(i), linewidth=1, linestyle=(0, (3, 2)),
                    label="by chance" if i == len(runs) - 1 else None,
                )  # fmt: skip
                if expected:
                    listing.append(f"by chance {expected[-1]:.3g}")
            if name in run.marks:
                axes.plot(*run.marks[name], "o", color=series(i), markersize=5)
        axes.margins(x=0.02, y=0.08)
        if name in ("edge_mass", "effective_edges", "energy", "conflict_rate"):
            # These can fade to zero, so the axis starts just below it.
            axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
        axes.set_xlabel("step")
        axes.set_ylabel(title, color=MUTED)
        if len(runs) > 1 or chance is not None:
            figure.legend(loc="outside lower left", ncols=2, handlelength=1.6)
    return ReportFigure(
        f"{prefix}-{short}", title, f"{title} by step. {'; '.join(listing)}.", figure
    )


def read(history: History, name: str) -> tuple[list[float], list[float]]:
    """Steps and values of one quantity where it was logged; without steps, records are numbered."""
    points = [
        (record.get("step", float(i)), record[name])
        for i, record in enumerate(history)
        if name in record
    ]
    return [step for step, _ in points], [value for _, value in points]
