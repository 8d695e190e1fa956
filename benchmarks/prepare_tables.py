"""How long `prepare` takes for tables with a million edges, and how much memory.

python -m benchmarks.prepare_tables --edges 1000000 [--nodes 300000] [--texts] [--root DIR]

The data are made here: items with text, numbers, a category and a label, users, and edges between them
with ids of strings. Only `prepare` is measured, in a process of its own, from its start to its end. Texts
take longer than all the rest; --texts measures that.

Memory is counted twice: what `prepare` holds, which must fit; and what is resident, with pages of its files
that the system may take back. --root measures the program in another folder, such as an earlier version.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

ROOT = Path(__file__).parents[1]
EVERY = 0.02
"""Seconds between two looks at the memory."""
SPEC = """
[node.item]
file = "items.csv"
id = "asin"
numbers = "price"
categories = "brand"
label = "kind"
[node.user]
file = "users.parquet"
id = "user"
[edge.buys]
file = "buys.csv"
source = "user"
target = "asin"
weight = "count"
reverse = true
"""


def write_tables(folder: Path, edges: int, nodes: int, texts: bool = False) -> Path:
    """Tables of edges between items and users, two thirds and one third of the nodes, and their description.

    Args:
        folder: where they are written.
        edges: how many.
        nodes: how many.
        texts: make the items' titles a modality.
    """
    rng = np.random.Generator(np.random.PCG64(0))
    users = nodes // 3
    items = nodes - users
    asin = [f"B{number:09}" for number in rng.permutation(items)]
    words = np.array([f"word{i}" for i in range(2000)])
    titles = [" ".join(row) for row in words[(2000 * rng.random((items, 6)) ** 2).astype(int)]]
    kinds = rng.integers(0, 10, items)
    table = {"asin": asin, "title": titles, "price": rng.random(items), "kind": kinds}
    table["brand"] = [f"brand {n}" for n in rng.geometric(0.02, items)]
    pyarrow.csv.write_csv(pa.table(table), folder / "items.csv")
    user = pa.array(rng.permutation(users))
    pyarrow.parquet.write_table(pa.table({"user": user}), folder / "users.parquet")
    buys = {
        "user": rng.integers(0, users, edges),
        "asin": pa.array(asin).take(pa.array(rng.integers(0, items, edges))),
        "count": rng.integers(1, 5, edges),
    }
    pyarrow.csv.write_csv(pa.table(buys), folder / "buys.csv")
    spec = folder / "graph.toml"
    spec.write_text(SPEC.replace('id = "asin"', 'id = "asin"\ntext = "title"') if texts else SPEC)
    return spec


@dataclass(frozen=True)
class Cost:
    """What a run of `prepare` took.

    Attributes:
        seconds: on the clock.
        worked: seconds of processor time.
        held: bytes that it held at most, as far as samples tell.
        resident: bytes of memory at most, with pages of files.
    """

    seconds: float
    worked: float
    held: int
    resident: int


def measure(spec: Path, root: Path) -> Cost:
    """The cost of `prepare` in a process of its own.

    Args:
        spec: the description.
        root: folder of the program.

    Raises:
        RuntimeError: it failed.
    """
    words = ["prepare", str(spec), "--split", "20/10/70", "--out", str(spec.parent / "mine.h5")]
    start, held = time.perf_counter(), 0
    process = subprocess.Popen(
        [sys.executable, str(root / "cli.py"), *words], stdout=subprocess.DEVNULL, cwd=root
    )
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        held = max(held, _held(process.pid))
        time.sleep(EVERY)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"prepare ended with {process.returncode}")
    seconds, worked = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    return Cost(seconds, worked, held, usage.ru_maxrss << 10)  # KiB on Linux.


def _held(pid: int) -> int:
    """Bytes of a process that are in no file, now; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, help="3 for 10 edges by default")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT)
    arguments = parser.parse_args()
    nodes = arguments.nodes or arguments.edges * 3 // 10
    with tempfile.TemporaryDirectory() as folder:
        spec = write_tables(Path(folder), arguments.edges, nodes, arguments.texts)
        cost = measure(spec, arguments.root.resolve())
    print(
        f"{arguments.edges:,} edges, {nodes:,} nodes: {cost.seconds:.1f} s ({cost.worked:.1f} s of processor "
        f"time), {cost.held / 2**30:.2f} GiB held at most, {cost.resident / 2**30:.2f} GiB resident"
    )


if __name__ == "__main__":
    main()
