"""The relay's validation score against wall time, for SR-GM with and without its parts: a figure of the docs.

    python -m benchmarks.convergence --data-root DATA_ROOT [--sets imdb cora] [--seeds 3]
    python -m benchmarks.convergence --draw

Each validation appends one row to benchmarks/rows/convergence.csv; runs with rows there are skipped.
Seconds count from the call of `condense`, so the first point of a curve shows what the start costs. Measure
with nothing else running.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

from condense.budget import plan
from condense.datasets.load import load_dataset
from condense.methods.spec import parse
from condense.run import condense
from condense.running.steps import Step

RATIOS = {"imdb": 0.01, "cora": 0.026}
VARIANTS = {
    "srgm:decouple=off,damping=0": "neither",
    "srgm:decouple=update,damping=0": "decoupling (of the update)",
    "srgm:decouple=off,damping=0.1": "damping",
    "srgm:decouple=field,damping=0.1": "both (decoupled field)",
}
CHECK_EVERY = 5
COLUMNS = ["set", "variant", "seed", "step", "seconds", "val_score"]


def record(name: str, variant: str, seed: int, root: Path) -> list[dict[str, object]]:
    """One run: its validation scores, each with the seconds until then."""
    graph = load_dataset(name, root, "auto", None)
    kind, settings = parse(f"{variant},check_every={CHECK_EVERY}")
    rows: list[dict[str, object]] = []

    def on_step(step: Step) -> None:
        values = (
            name,
            variant,
            seed,
            step.index,
            time.perf_counter() - started,
            step.values["val_score"],
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))

    started = time.perf_counter()
    condensed = condense(
        graph, plan(graph, RATIOS[name]), kind, settings, seed=seed, on_step=on_step
    )
    until_matching = sum(
        s["seconds"] for s in condensed.provenance.stages if s["name"] not in ("match", "finish")
    )
    start = (
        name,
        variant,
        seed,
        0,
        until_matching,
        condensed.provenance.measures["start_val_score"],
    )
    return [dict(zip(COLUMNS, start, strict=True)), *rows]


def draw(rows: list[dict[str, str]], sets: list[str], file: Path) -> None:
    """One panel for each data set: the seeds' mean score against their mean time."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(sets), figsize=(4.5 * len(sets), 3.2), squeeze=False)
    for panel, name in zip(panels[0], sets, strict=True):
        for variant, title in VARIANTS.items():
            points: dict[int, list[tuple[float, float]]] = defaultdict(list)
            for r in rows:
                if (r["set"], r["variant"]) == (name, variant):
                    points[int(r["step"])].append(
                        (float(r["seconds"]), 100 * float(r["val_score"]))
                    )
            means = [
                [statistics.fmean(x) for x in zip(*points[s], strict=True)] for s in sorted(points)
            ]
            if means:
                panel.plot(*zip(*means, strict=True), label=title, linewidth=1.2)
        panel.set(title=name, xlabel="seconds", ylabel="relay, validation accuracy [%]")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
    print(file)


def main() -> int:
    """Measure the missing runs, then draw."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--sets", nargs="+", default=list(RATIOS), choices=list(RATIOS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=Path, default=here / "rows" / "convergence.csv")
    parser.add_argument("--figure", type=Path, default=here.parent / "docs/figures/convergence.svg")
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    kept: list[dict[str, str]] = []
    if arguments.rows.exists():
        with arguments.rows.open(newline="") as lines:
            kept = list(csv.DictReader(lines))
    done = {(r["set"], r["variant"], int(r["seed"])) for r in kept}
    runs = [(n, v, s) for n in arguments.sets for s in range(arguments.seeds) for v in VARIANTS]
    for name, variant, seed in [] if arguments.draw else runs:
        if (name, variant, seed) in done:
            continue
        rows = record(name, variant, seed, arguments.data_root)
        arguments.rows.parent.mkdir(parents=True, exist_ok=True)
        new = not arguments.rows.exists()
        with arguments.rows.open("a", newline="") as lines:
            writer = csv.DictWriter(lines, COLUMNS)
            if new:
                writer.writeheader()
            writer.writerows(rows)
        kept += [{k: str(v) for k, v in r.items()} for r in rows]
        print(f"{name}, {variant}, seed {seed}: {len(rows)} points", flush=True)
    draw(kept, arguments.sets, arguments.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
