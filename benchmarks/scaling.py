"""How the cost of condensing grows with nodes, ratio, modalities and relations.

    python -m benchmarks.scaling [--sweep nodes ratio modalities relations] [--most-nodes 300000]
    python -m benchmarks.scaling --print

From the project's root. One factor is varied at a time, from `BASE`. Each point runs in a process of its own,
so that the peak of memory is that point's; its row goes to benchmarks/rows/scaling/points.csv, and a point
whose row is there is not run again. The exponents are slopes of least squares through the logarithms. Nodes
are varied at a constant number of condensed ones, so that this sweep shows what the whole graph costs, and
the ratio's shows what the condensed graph does.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "benchmarks" / "rows" / "scaling" / "points.csv"
FIGURE = ROOT / "docs" / "figures" / "scaling.svg"
SETTINGS = {"epochs": 2, "outer": 10, "check_every": 20}
MEASURES = ("propagate", "start", "step", "peak_mib")
TITLES = {
    "propagate": "propagation",
    "start": "start",
    "step": "an outer step",
    "peak_mib": "peak memory",
}
MARKERS = {"propagate": "o", "start": "s", "step": "^", "peak_mib": "D"}


@dataclass(frozen=True)
class Point:
    """What is condensed.

    Attributes:
        nodes: of the whole graph.
        condensed: n'.
        modalities, relations: how many.
    """

    nodes: int = 30_000
    condensed: int = 300
    modalities: int = 2
    relations: int = 4


@dataclass(frozen=True)
class Measured:
    """What a point cost.

    Attributes:
        propagate, start: seconds of these stages.
        step: seconds of an outer step with its inner ones, mean.
        peak_mib: greatest memory of all stages.
    """

    propagate: float
    start: float
    step: float
    peak_mib: float


BASE = Point()
SWEEPS: dict[str, tuple[Point, ...]] = {
    "nodes": tuple(replace(BASE, nodes=n) for n in (10_000, 30_000, 100_000, 300_000)),
    # 0.5, 1, 2 and 5 % of the base's nodes.
    "ratio": tuple(replace(BASE, condensed=n) for n in (150, 300, 600, 1500)),
    "modalities": tuple(replace(BASE, modalities=m) for m in (1, 2, 3, 4)),
    "relations": tuple(replace(BASE, relations=r) for r in (1, 2, 4, 8)),
}


def factor(sweep: str, point: Point) -> int:
    """The value that a sweep varies."""
    return asdict(point)["condensed" if sweep == "ratio" else sweep]


def measure(point: Point) -> Measured:
    """Condense one graph in this process."""
    from benchmarks.planted import planted_graph
    from condense.budget import plan
    from condense.run import condense

    graph = planted_graph(point.nodes, point.modalities, point.relations)
    budget = plan(graph, point.condensed / point.nodes)
    made = condense(graph, budget, "srgm", SETTINGS, device="cpu")
    seconds = {str(s["name"]): float(s["seconds"]) for s in made.provenance.stages}
    return Measured(
        propagate=seconds["propagate"],
        start=seconds["start"],
        step=seconds["match"] / (SETTINGS["epochs"] * SETTINGS["outer"]),
        peak_mib=max(float(s["peak_bytes"]) for s in made.provenance.stages) / 2**20,
    )


def read() -> dict[Point, Measured]:
    """The points that have been measured."""
    if not ROWS.exists():
        return {}
    with ROWS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        Point(**{f.name: int(row[f.name]) for f in fields(Point)}): Measured(
            **{name: float(row[name]) for name in MEASURES}
        )
        for row in rows
    }


def write(points: dict[Point, Measured]) -> None:
    """All points, replacing the file only when it is complete."""
    ROWS.parent.mkdir(parents=True, exist_ok=True)
    partial = ROWS.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as stream:
        names = [f.name for f in (*fields(Point), *fields(Measured))]
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**asdict(p), **asdict(m)} for p, m in points.items())
    partial.replace(ROWS)


def exponent(x: list[float], y: list[float]) -> float:
    """The slope of log y over log x; NaN for a single point."""
    if len(x) < 2:
        return float("nan")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def table(sweep: str, points: dict[Point, Measured]) -> str:
    """A sweep in Markdown, its exponents in the last line."""
    there = [p for p in SWEEPS[sweep] if p in points]
    name = "condensed nodes" if sweep == "ratio" else sweep
    lines = [
        f"| {name} | propagate s | start s | outer step s | peak MiB |",
        "|---:|---:|---:|---:|---:|",
    ]
    for p in there:
        m = points[p]
        lines.append(
            f"| {factor(sweep, p):,} | {m.propagate:.2f} | {m.start:.2f} | {m.step:.3f} "
            f"| {m.peak_mib:,.0f} |"
        )
    x = [float(factor(sweep, p)) for p in there]
    slopes = [exponent(x, [asdict(points[p])[name] for p in there]) for name in MEASURES]
    lines.append("| exponent | " + " | ".join(f"{s:.2f}" for s in slopes) + " |")
    return "\n".join(lines)


def draw(sweeps: Sequence[str], points: dict[Point, Measured]) -> None:
    """Seconds and memory over the factor of each sweep, both axes logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(sweeps), figsize=(3.3 * len(sweeps), 5.5), squeeze=False)
    for column, sweep in enumerate(sweeps):
        there = [p for p in SWEEPS[sweep] if p in points]
        x = [factor(sweep, p) for p in there]
        for name in MEASURES:
            ax = axes[1 if name == "peak_mib" else 0][column]
            y = [asdict(points[p])[name] for p in there]
            ax.plot(x, y, marker=MARKERS[name], label=f"{TITLES[name]}: {exponent(x, y):.2f}")  # type: ignore[arg-type]
        for row in range(2):
            _dress(axes[row][column], x, "condensed nodes" if sweep == "ratio" else sweep)
    for ax, label, (low, high) in zip(
        axes, ("seconds", "MiB"), ((0.01, 10_000.0), (300.0, 30_000.0)), strict=True
    ):
        ax[0].set_ylabel(label)
        for each in ax:
            each.set_ylim(low, high)
    figure.tight_layout()
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    # Without a date, so that the same points give the same file.
    figure.savefig(FIGURE, metadata={"Date": None})


def _dress(ax: Axes, x: Sequence[int], label: str) -> None:
    """Logarithmic axes with plain numbers, ticks where there are points, and room for the exponents."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    plain = FuncFormatter(lambda value, _: f"{value:,g}")
    ax.set(xscale="log", yscale="log", xlabel=label)
    ax.set_xticks(x)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(plain)
        axis.set_minor_locator(NullLocator())
    ax.grid(visible=True, alpha=0.3)
    ax.legend(fontsize=7, loc="upper left", title="exponents", title_fontsize=7)


def main() -> None:
    """Measure what is missing, then print and draw all there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweep", nargs="+", choices=list(SWEEPS), default=list(SWEEPS))
    parser.add_argument("--most-nodes", type=int, default=300_000, help="leave out larger graphs")
    parser.add_argument("--print", action="store_true", help="measure nothing")
    parser.add_argument("--point", type=json.loads, help="measure this one and print its row")
    arguments = parser.parse_args()
    if arguments.point is not None:
        print(json.dumps(asdict(measure(Point(**arguments.point)))))
        return
    points = read()
    wanted = [p for sweep in arguments.sweep for p in SWEEPS[sweep]]
    for point in wanted if not arguments.print else []:
        if point in points or point.nodes > arguments.most_nodes:
            continue
        command = [sys.executable, "-m", "benchmarks.scaling", "--point", json.dumps(asdict(point))]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        points[point] = Measured(**json.loads(done.stdout.splitlines()[-1]))
        write(points)
        print(f"{point}: {points[point]}", flush=True)
    begun = [sweep for sweep, wanted in SWEEPS.items() if any(p in points for p in wanted)]
    for sweep in begun:
        print(f"\n{table(sweep, points)}")
    if begun:
        draw(begun, points)


if __name__ == "__main__":
    main()
