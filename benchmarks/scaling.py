"""How the cost of condensing grows with nodes, ratio, modalities and relations.

    python -m benchmarks.scaling [--sweep nodes ratio modalities relations] [--most-nodes 300000]
    python -m benchmarks.scaling --print

Run it from the project's root. Each sweep varies one factor of `BASE`. Each point runs in a process of its
own, so that the peak memory is that of the point. Its row goes to benchmarks/rows/scaling/points.csv, and
points with a row there are skipped. Exponents are least-squares slopes through the logarithms. The sweep of
nodes keeps the number of condensed nodes and shows what the whole graph costs; that of the ratio shows what
the condensed graph costs.
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
    """A graph to condense.

    Attributes:
        nodes: of the whole graph.
        condensed: n'.
        modalities, relations: their numbers.
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
        step: mean seconds of an outer step with its inner steps.
        peak_mib: peak memory over all stages.
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
    "relations": tuple(replace(BASE, relations=r) for r in (1, 2, 4, 8, 16, 32, 100)),
}


def factor(sweep: str, point: Point) -> int:
    """The value that a sweep varies."""
    return asdict(point)["condensed" if sweep == "ratio" else sweep]


def measure(point: Point) -> Measured:
    """Condense one graph in this process."""
    from benchmarks.scaling_graph import planted_graph
    from condense.budget import plan
    from condense.run import condense

    graph = planted_graph(point.nodes, point.modalities, point.relations)
    budget = plan(graph, point.condensed / point.nodes)
    provenance = condense(graph, budget, "srgm", SETTINGS, device="cpu").provenance
    seconds = {str(s["name"]): float(s["seconds"]) for s in provenance.stages}
    return Measured(
        propagate=seconds["propagate"],
        start=seconds["start"],
        step=seconds["match"] / (SETTINGS["epochs"] * SETTINGS["outer"]),
        peak_mib=max(float(s["peak_bytes"]) for s in provenance.stages) / 2**20,
    )


def read() -> dict[Point, Measured]:
    """The points measured so far."""
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
    """Write all points, and replace the file once it is complete."""
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
    """A sweep as a Markdown table, with the exponents in the last line."""
    measured = [p for p in SWEEPS[sweep] if p in points]
    name = "condensed nodes" if sweep == "ratio" else sweep
    lines = [
        f"| {name} | propagate s | start s | outer step s | peak MiB |",
        "|---:|---:|---:|---:|---:|",
    ]
    for p in measured:
        m = points[p]
        lines.append(
            f"| {factor(sweep, p):,} | {m.propagate:.2f} | {m.start:.2f} | {m.step:.3f} "
            f"| {m.peak_mib:,.0f} |"
        )
    x = [float(factor(sweep, p)) for p in measured]
    slopes = [exponent(x, [asdict(points[p])[name] for p in measured]) for name in MEASURES]
    lines.append("| exponent | " + " | ".join(f"{s:.2f}" for s in slopes) + " |")
    return "\n".join(lines)


def draw(sweeps: Sequence[str], points: dict[Point, Measured]) -> None:
    """Plot seconds and memory against the factor of each sweep, on logarithmic axes."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(sweeps), figsize=(3.3 * len(sweeps), 5.5), squeeze=False)
    for column, sweep in enumerate(sweeps):
        measured = [p for p in SWEEPS[sweep] if p in points]
        x = [factor(sweep, p) for p in measured]
        for name in MEASURES:
            ax = axes[1 if name == "peak_mib" else 0][column]
            y = [asdict(points[p])[name] for p in measured]
            ax.plot(x, y, marker=MARKERS[name], label=f"{TITLES[name]}: {exponent(x, y):.2f}")  # type: ignore[arg-type]
        for row in range(2):
            _format_axes(axes[row][column], x, "condensed nodes" if sweep == "ratio" else sweep)
    for panels, label, (low, high) in zip(
        axes, ("seconds", "MiB"), ((0.01, 10_000.0), (300.0, 200_000.0)), strict=True
    ):
        panels[0].set_ylabel(label)
        for panel in panels:
            panel.set_ylim(low, high)
    figure.tight_layout()
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    # Without a date, so that the same points give the same file.
    figure.savefig(FIGURE, metadata={"Date": None})


def _format_axes(ax: Axes, x: Sequence[int], label: str) -> None:
    """Logarithmic axes with plain numbers, ticks at the points, and a legend with the exponents."""
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
    """Measure the missing points, then print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweep", nargs="+", choices=list(SWEEPS), default=list(SWEEPS))
    parser.add_argument("--most-nodes", type=int, default=300_000, help="leave out larger graphs")
    parser.add_argument("--print", action="store_true", help="measure nothing")
    parser.add_argument(
        "--point", type=json.loads, help="measure only this point and print its row as JSON"
    )
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
        finished = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        points[point] = Measured(**json.loads(finished.stdout.splitlines()[-1]))
        write(points)
        print(f"{point}: {points[point]}", flush=True)
    begun = [sweep for sweep, wanted in SWEEPS.items() if any(p in points for p in wanted)]
    for sweep in begun:
        print(f"\n{table(sweep, points)}")
    if begun:
        draw(begun, points)


if __name__ == "__main__":
    main()
