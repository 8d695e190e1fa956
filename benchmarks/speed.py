"""How fast condensing is: an outer step against plain autograd, and whole runs against their bars.

    python -m benchmarks.speed --data-root DATA_ROOT [--only step amazon1 imdb cora]

From the project's root. `step` runs the plain outer step of tests/oracle and the fast one by turns, from the
same state, on Cora and on a part of the simulated AMAZON-1 that the plain one can bear. The others are whole
runs of the command line, each in a process of its own: its wall time includes the start of Python, its memory
is the process's greatest.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from condense.clustering.settings import Guessing
from condense.data.graph import MultimodalGraph
from condense.datasets.amazon1_simulated import simulate_amazon1
from condense.datasets.load import load_dataset
from condense.io import load_condensed
from tests.support.oracle.problem import Problem, Run, Steps

ROOT = Path(__file__).resolve().parents[1]
MIB = 2**20
RATIO = 20.0
"""An outer step shall be so many times as fast as the plain one."""


@dataclass(frozen=True)
class Bar:
    """A whole run and what it may cost.

    Attributes:
        arguments: of `cli.py condense`.
        seconds: of the whole run, by the clock on the wall.
        peak_mib: of memory.
        propagate: seconds of that stage.
        step: seconds of one outer step with its inner ones.
    """

    arguments: tuple[str, ...]
    seconds: float
    peak_mib: float | None = None
    propagate: float | None = None
    step: float | None = None


PLAIN_MATCHING = (
    "--decouple=off", "--damping=0", "--labels=labelled", "--epochs=1000", "--outer=20", "--inner=10",
    "--check-every=100",
)  # fmt: skip
BARS = {
    "amazon1": Bar(
        ("--dataset=amazon1", "--source=simulated", "--ratio=0.01"),
        seconds=60,
        peak_mib=3 * 1024,
        propagate=10,
        step=0.3,
    ),
    "imdb": Bar(("--dataset=imdb", "--ratio=0.01"), seconds=20),
    "cora": Bar(("--dataset=cora", "--ratio=0.026", *PLAIN_MATCHING), seconds=90, step=0.0045),
}


def say(what: str, found: float, bar: float | None, unit: str, least: bool = False) -> None:
    """One line: what was measured, what was allowed, and whether it holds."""
    line = f"  {what:44}{found:10.4g} {unit:4}"
    if bar is not None:
        held = found >= bar if least else found <= bar
        line += f"  bar {'≥' if least else '≤'} {bar:g} {unit}: {'met' if held else 'MISSED'}"
    print(line, flush=True)


def whole_run(name: str, data_root: Path) -> None:
    """One condensation from the command line."""
    bar = BARS[name]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "condensed.h5"
        command = [sys.executable, "cli.py", "condense", *bar.arguments]
        command += [f"--data-root={data_root}", f"--out={out}", "--device=cpu"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        provenance = load_condensed(out).provenance
    stages = {str(s["name"]): float(s["seconds"]) for s in provenance.stages}
    steps = provenance.settings["epochs"] * provenance.settings["outer"]
    print(f"{name} ({provenance.source}): {' '.join(bar.arguments)}")
    say("whole run", seconds, bar.seconds, "s")
    say("of it on processors", _used(after) - _used(before), None, "s")
    # The greatest of all processes so far, so runs go from small ones to large ones.
    say("peak memory", after.ru_maxrss * 1024 / MIB, bar.peak_mib, "MiB")
    for stage, value in stages.items():
        say(f"stage {stage}", value, bar.propagate if stage == "propagate" else None, "s")
    if steps:
        say(f"outer step, mean of {steps}", stages["match"] / steps, bar.step, "s")


def _used(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def outer_steps(data_root: Path, scale: float, repeats: int) -> None:
    """The fast and the plain step by turns."""
    cora = load_dataset("cora", data_root)
    compare("cora at 2.6 %, plain matching, 10 inner steps", cora, 0.026, Steps(), repeats)
    # n' is that of 1 % of the whole AMAZON-1.
    part = simulate_amazon1(scale)
    steps = Steps(damping=0.1, inner=3)
    name = f"amazon1 (simulated), {scale:g} of its items, as many condensed nodes as at 1 % of all"
    compare(f"{name}; damped, 3 inner steps", part, 0.01 / scale, steps, repeats)


def compare(name: str, graph: MultimodalGraph, ratio: float, steps: Steps, repeats: int) -> None:
    """Print the medians of both, and their ratio."""
    damped = steps.damping > 0
    decouple = "field" if damped else "off"
    guessing = Guessing("ridge", smooth=False) if damped else None
    problem = Problem(graph, ratio, decouple=decouple, damped=damped, guessing=guessing)
    runs = {
        "fast": problem.fast(steps),
        "plain": problem.plain(steps),
        "plain, one forward for all classes": problem.plain(steps, shared=True),
    }
    times: dict[str, list[float]] = {key: [] for key in runs}
    for k in range(repeats + 1):
        for key, run in runs.items():
            taken = seconds_of(run)
            if k:  # The first step of each warms up.
                times[key].append(taken)
    medians = {key: statistics.median(taken) for key, taken in times.items()}
    print(f"{name}: n' = {len(problem.synthesis.y)}, D = {len(problem.view.block)}")
    for key, median in medians.items():
        say(key, median, None, "s")
    for key in list(runs)[1:]:
        bar = RATIO if key == "plain" and damped else None
        say(f"{key} ÷ fast", medians[key] / medians["fast"], bar, "×", least=True)


def seconds_of(run: Run) -> float:
    """One outer step."""
    started = time.perf_counter()
    run.outer_step()
    return time.perf_counter() - started


def main() -> None:
    """Print all that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    # Small ones first, see `whole_run`.
    jobs: dict[str, Callable[[argparse.Namespace], None]] = {
        "cora": lambda a: whole_run("cora", a.data_root),
        "imdb": lambda a: whole_run("imdb", a.data_root),
        "amazon1": lambda a: whole_run("amazon1", a.data_root),
        "step": lambda a: outer_steps(a.data_root, a.scale, a.repeats),
    }
    parser.add_argument("--only", nargs="+", choices=list(jobs), default=list(jobs))
    parser.add_argument("--scale", type=float, default=0.1, help="of AMAZON-1 for the plain step")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    arguments.data_root = arguments.data_root.resolve()
    print(
        f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.2f} as it began", flush=True
    )
    for name in [job for job in jobs if job in arguments.only]:
        jobs[name](arguments)


if __name__ == "__main__":
    main()
