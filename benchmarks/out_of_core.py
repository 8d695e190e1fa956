"""What condensing a graph on disk costs, stage by stage, from 10^5 to 10^7 nodes.

    python -m benchmarks.out_of_core --folder DIR [--nodes 100000 1000000 10000000] [--memory 6GiB]
    python -m benchmarks.out_of_core --print

Run it from the project's root; DIR needs room for the largest graph and what its run writes (10^7 nodes: 4 GB
and about 35 GB). Each size is a planted graph (`benchmarks/planted.py`), condensed on disk to a thousandth of
its nodes in a process of its own, however little memory it would take. An interrupted run goes on. Rows are
kept in benchmarks/rows/out_of_core.csv, one a stage; sizes with rows there are skipped.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluate.results.record_store import RecordStore

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "benchmarks" / "rows" / "out_of_core.csv"
RATIO = 0.001 / 0.6
"""Items are six tenths of the nodes: so many of them make a thousandth of all."""
SIZES = (100_000, 1_000_000, 10_000_000)
TOTAL = "total"


@dataclass(frozen=True)
class Row:
    """What a stage of a run cost.

    Attributes:
        nodes: of the whole graph.
        edges: of the whole graph.
        file_bytes: of its file.
        work_bytes: that the run was expected to write.
        memory: the bound, in bytes.
        stage: its name, or TOTAL.
        seconds: that it took.
        peak_bytes: resident memory, at most.
    """

    nodes: int
    edges: int
    file_bytes: int
    work_bytes: int
    memory: int
    stage: str
    seconds: float
    peak_bytes: int


def kept() -> RecordStore[Row]:
    """The kept rows, by nodes."""
    return RecordStore(Row, lambda row: row.nodes, ROWS, remedy="delete it")


def measure(path: Path, memory: int) -> list[Row]:
    """Condense one graph on disk."""
    from condense.io import open_stored, save
    from condense.methods.mixture import MixtureSettings
    from condense.out_of_core.run import condense_stored
    from condense.out_of_core.sizes import disk_bytes
    from condense.out_of_core.workspace import discard

    work = path.with_suffix(".work")
    with open_stored(path) as stored:
        condensed = condense_stored(
            stored,
            RATIO,
            work=work,
            memory=memory,
            on_stage=lambda name: print(f"  {name}", flush=True),
        )
        facts = (
            sum(stored.num_nodes.values()),
            sum(stored.edges.values()),
            path.stat().st_size,
            disk_bytes(stored, MixtureSettings()),
            memory,
        )
    save(path.with_suffix(".small.h5"), condensed)
    discard(work)
    stages = condensed.provenance.stages
    rows = [Row(*facts, s["name"], round(s["seconds"], 1), s["peak_bytes"]) for s in stages]
    peak = max(row.peak_bytes for row in rows)
    return [*rows, Row(*facts, TOTAL, round(sum(row.seconds for row in rows), 1), peak)]


def table(rows: Sequence[Row]) -> str:
    """A line for each stage, a column for each size, and exponents."""
    sizes = sorted({row.nodes for row in rows})
    stages = list(dict.fromkeys(row.stage for row in rows))
    of = {(row.nodes, row.stage): row for row in rows}
    lines = [
        "| stage | " + " | ".join(f"{n:,} nodes" for n in sizes) + " | exponent |",
        "|---|" + "---:|" * (len(sizes) + 1),
    ]
    for stage in stages:
        cells = [of[n, stage] for n in sizes if (n, stage) in of]
        text = [f"{row.seconds:,.1f} s, {row.peak_bytes / 2**30:.1f} GiB" for row in cells]
        lines.append(f"| {stage} | {' | '.join(text)} | {exponent(cells, 'seconds'):.2f} |")
    totals = [of[n, TOTAL] for n in sizes if (n, TOTAL) in of]
    lines.append(
        "| edges; file; work | "
        + " | ".join(
            f"{r.edges / 1e6:,.1f} M; {r.file_bytes / 1e9:.2f} GB; {r.work_bytes / 1e9:.1f} GB"
            for r in totals
        )
        + " | |"
    )
    lines.append(
        f"| peak memory | {' | '.join('' for _ in totals)} | {exponent(totals, 'peak_bytes'):.2f} |"
    )
    return "\n".join(lines)


def exponent(rows: Sequence[Row], measure: str) -> float:
    """The least-squares slope of a measure against nodes, both in logarithms; NaN of fewer than two."""
    if len(rows) < 2:
        return float("nan")
    values = [max(getattr(row, measure), 1e-9) for row in rows]
    slope = np.polyfit(np.log([row.nodes for row in rows]), np.log(values), 1)[0]
    return round(float(slope), 9) + 0.0  # Never −0.


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--nodes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--memory", default="6GiB")
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--point", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    from condense.out_of_core.room import parse_memory

    if args.point:
        kept().add(measure(args.point, parse_memory(args.memory)))
        return
    if not args.print:
        if args.folder is None:
            parser.error("--folder is needed: where graphs of several GB are written")
        args.folder.mkdir(parents=True, exist_ok=True)
        for nodes in args.nodes:
            if nodes not in kept():
                _run(nodes, args.folder / f"planted-{nodes}.h5", args.memory)
    print(table(list(kept())))


def _run(nodes: int, path: Path, memory: str) -> None:
    """Write the graph if it is not there, and condense it, each in a process of its own."""
    print(f"{nodes:,} nodes", flush=True)
    if not path.exists():
        command = ["benchmarks.planted", "--nodes", str(nodes), "--out", str(path)]
        subprocess.run([sys.executable, "-m", *command], check=True, env=os.environ)
    command = ["benchmarks.out_of_core", "--point", str(path), "--memory", memory]
    subprocess.run([sys.executable, "-m", *command], check=True)


if __name__ == "__main__":
    main()
