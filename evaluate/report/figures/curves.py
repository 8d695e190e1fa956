"""What a condenser watched along its run, one panel a kind of number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluate.report.figures.style import MUTED, Drawn, panel, series, styled
from evaluate.report.words import slug

History = Sequence[Mapping[str, float]]

PANELS = {
    "loss": ("loss", "Gradient-matching loss"),
    "conflict_rate": ("conflicts", "Conflict rate of modalities"),
    "energy": ("energy", "Energy of the gradient field"),
    "edge_mass": ("edge-mass", "Edge mass, the sum of weights"),
    "effective_edges": ("effective-edges", "Effective edges"),
    "val_score": ("validation", "Relay's validation accuracy"),
}
"""Name in the history -> name of the figure, its title."""

CHANCE = {"conflict_rate": "chance_conflict_rate"}
"""Name in the history -> the name of what chance gives."""

LEFT_OUT = frozenset({"step", "density", *CHANCE.values()})
"""No panels of their own; density is edges, whose number does not change, over pairs."""


@dataclass(frozen=True)
class Curve:
    """One run.

    Attributes:
        label: of the run.
        history: one record a logged step.
        marks: name in the history -> a point (step, value) to be marked, such as the state that was kept.
    """

    label: str
    history: History
    marks: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def curves(prefix: str, runs: Sequence[Curve], mark: str = "") -> list[Drawn]:
    """One figure for each kind of number that any run has.

    Args:
        prefix: of the figures' names.
        runs: runs with at least one record.
        mark: see `panel`.
    """
    names = dict.fromkeys(name for run in runs for record in run.history for name in record)
    known = [name for name in PANELS if name in names]
    others = [name for name in names if name not in PANELS and name not in LEFT_OUT]
    return [_panel(prefix, name, runs, mark) for name in (*known, *others)]


def _panel(prefix: str, name: str, runs: Sequence[Curve], mark: str) -> Drawn:
    short, title = PANELS.get(name, (slug(name), name.replace("_", " ").capitalize()))
    chance = CHANCE.get(name)
    said = []
    with styled():
        figure, axes = panel(3.4, 2.3, mark)
        for i, run in enumerate(runs):
            steps, values = read(run.history, name)
            if not steps:
                continue
            axes.plot(steps, values, color=series(i), label=run.label)
            said.append(f"{run.label}: from {values[0]:.3g} to {values[-1]:.3g}")
            if chance is not None:
                at, expected = read(run.history, chance)
                axes.plot(
                    at, expected, color=series(i), linewidth=1, linestyle=(0, (3, 2)),
                    label="by chance" if i == len(runs) - 1 else None,
                )  # fmt: skip
                if expected:
                    said.append(f"by chance {expected[-1]:.3g}")
            if name in run.marks:
                axes.plot(*run.marks[name], "o", color=series(i), markersize=5)
        axes.margins(x=0.02, y=0.08)
        if name in ("edge_mass", "effective_edges", "energy", "conflict_rate"):
            # What may fade is shown from nothing, and nothing itself is seen.
            axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
        axes.set_xlabel("step")
        axes.set_ylabel(title, color=MUTED)
        if len(runs) > 1 or chance is not None:
            figure.legend(loc="outside lower left", ncols=2, handlelength=1.6)
    return Drawn(f"{prefix}-{short}", title, f"{title} by step. {'; '.join(said)}.", figure)


def read(history: History, name: str) -> tuple[list[float], list[float]]:
    """Steps and values of one number, where it was logged; without steps, records are counted."""
    found = [
        (record.get("step", float(i)), record[name])
        for i, record in enumerate(history)
        if name in record
    ]
    return [step for step, _ in found], [value for _, value in found]
