"""How fast condensing is: an outer step against plain autograd, and whole runs against their limits.

    python -m benchmarks.speed --data-root DATA_ROOT
        [--only cora imdb imdb-srgm amazon1 amazon1-srgm debian step]

Run it from the project's root. `step` alternates the plain outer step of tests/support/oracle with the fast
one, from the same state, on Cora and on a part of the simulated AMAZON-1 that is small enough for the plain
one. The others are whole runs of the command line, each in a process of its own: the wall time includes the
start of Python, and the memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from condense.clustering.settings import PseudoLabelling
from condense.data.graph import MultimodalGraph
from condense.datasets.amazon1_simulated import simulate_amazon1
from condense.datasets.load import load_dataset
from condense.io import load_condensed
from tests.support.oracle.problem import Problem, Run, Steps

ROOT = Path(__file__).resolve().parents[1]
MIB = 2**20
RATIO = 20.0
"""How many times as fast as the plain one an outer step should be."""


@dataclass(frozen=True)
class Limits:
    """A whole run and what it may cost.

    Attributes:
        arguments: of `cli.py condense`.
        seconds: wall time of the whole run.
        peak_mib: peak memory.
        propagate: seconds of that stage.
        step: seconds of one outer step with its inner steps.
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
AMAZON1 = ("--dataset=amazon1", "--source=simulated", "--ratio=0.01")
# Small runs first, see `whole_run`.
LIMITS = {
    "cora": Limits(
        ("--method=srgm", "--dataset=cora", "--ratio=0.026", *PLAIN_MATCHING),
        seconds=90,
        step=0.0045,
    ),
    "imdb": Limits(("--dataset=imdb", "--ratio=0.01"), seconds=20),
    "imdb-srgm": Limits(("--method=srgm", "--dataset=imdb", "--ratio=0.01"), seconds=20),
    "amazon1": Limits(AMAZON1, seconds=60, peak_mib=3 * 1024, propagate=10),
    "amazon1-srgm": Limits(
        ("--method=srgm", *AMAZON1), seconds=60, peak_mib=3 * 1024, propagate=10, step=0.3
    ),
    "debian": Limits(("--dataset=debian", "--ratio=0.01"), seconds=90),
}


def show(name: str, value: float, limit: float | None, unit: str, least: bool = False) -> None:
    """Print a measured value, its limit, and whether it is met; `least` makes it a lower limit."""
    line = f"  {name:44}{value:10.4g} {unit:4}"
    if limit is not None:
        met = value >= limit if least else value <= limit
        line += f"  limit {'≥' if least else '≤'} {limit:g} {unit}: {'met' if met else 'MISSED'}"
    print(line, flush=True)


def whole_run(name: str, data_root: Path) -> None:
    """One condensation from the command line."""
    limits = LIMITS[name]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "condensed.h5"
        command = [sys.executable, "cli.py", "condense", *limits.arguments]
        command += [f"--data-root={data_root}", f"--out={out}", "--device=cpu"]
        started = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as run:
            _, status, used = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        if run.returncode:
            raise subprocess.CalledProcessError(run.returncode, command)
        provenance = load_condensed(out).provenance
    stages = {str(s["name"]): float(s["seconds"]) for s in provenance.stages}
    steps = provenance.settings.get("epochs", 0) * provenance.settings.get("outer", 0)
    print(f"{name} ({provenance.source}): {' '.join(limits.arguments)}")
    show("whole run", seconds, limits.seconds, "s")
    show("processor time", used.ru_utime + used.ru_stime, None, "s")
    show("peak memory", used.ru_maxrss * 1024 / MIB, limits.peak_mib, "MiB")
    for stage, value in stages.items():
        show(f"stage {stage}", value, limits.propagate if stage == "propagate" else None, "s")
    if steps:
        show(f"outer step, mean of {steps}", stages["match"] / steps, limits.step, "s")


def outer_steps(data_root: Path, scale: float, repeats: int) -> None:
    """Compare the fast and the plain step."""
    cora = load_dataset("cora", data_root)
    compare("cora at 2.6 %, plain matching, 10 inner steps", cora, 0.026, Steps(), repeats)
    # n' is that of 1 % of all of AMAZON-1.
    part = simulate_amazon1(scale)
    steps = Steps(damping=0.1, inner=3)
    name = f"amazon1 (simulated), {scale:g} of its items, as many condensed nodes as at 1 % of all"
    compare(f"{name}; damped, 3 inner steps", part, 0.01 / scale, steps, repeats)


def compare(name: str, graph: MultimodalGraph, ratio: float, steps: Steps, repeats: int) -> None:
    """Print the median seconds of the steps, and their ratios."""
    damped = steps.damping > 0
    decouple = "field" if damped else "off"
    labelling = PseudoLabelling("ridge", smooth=False) if damped else None
    problem = Problem(graph, ratio, decouple=decouple, damped=damped, labelling=labelling)
    runs = {
        "fast": problem.fast(steps),
        "plain": problem.plain(steps),
        "plain, one forward for all classes": problem.plain(steps, shared=True),
    }
    times: dict[str, list[float]] = {key: [] for key in runs}
    for k in range(repeats + 1):
        for key, run in runs.items():
            seconds = seconds_of(run)
            if k:  # The first step of each warms up.
                times[key].append(seconds)
    medians = {key: statistics.median(seconds) for key, seconds in times.items()}
    print(f"{name}: n' = {len(problem.synthesis.y)}, D = {len(problem.view.block)}")
    for key, median in medians.items():
        show(key, median, None, "s")
    for key in list(runs)[1:]:
        limit = RATIO if key == "plain" and damped else None
        show(f"{key} ÷ fast", medians[key] / medians["fast"], limit, "×", least=True)


def seconds_of(run: Run) -> float:
    """Seconds of one outer step."""
    started = time.perf_counter()
    run.outer_step()
    return time.perf_counter() - started


def main() -> None:
    """Run what --only names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    names = [*LIMITS, "step"]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--scale", type=float, default=0.1, help="of AMAZON-1 for the plain step")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    arguments.data_root = arguments.data_root.resolve()
    print(
        f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.2f} at the start", flush=True
    )
    for name in [each for each in names if each in arguments.only]:
        if name == "step":
            outer_steps(arguments.data_root, arguments.scale, arguments.repeats)
        else:
            whole_run(name, arguments.data_root)


if __name__ == "__main__":
    main()
