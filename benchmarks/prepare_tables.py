"""How long `prepare` takes for tables with a million edges, and how much memory.

python -m benchmarks.prepare_tables --edges 1000000

The data are made here: items with text, numbers, a category and a label, users, and edges between them
with ids of strings. Only `prepare` is measured, in a process of its own, from its start to its end. Texts
take longer than all the rest; --texts measures that.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

ROOT = Path(__file__).parents[1]
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


def write_tables(folder: Path, edges: int, texts: bool = False) -> Path:
    """Tables of `edges` edges between a fifth as many items and a tenth as many users, and their description.

    Args:
        folder: where they are written.
        edges: how many.
        texts: make the items' titles a modality.
    """
    rng = np.random.Generator(np.random.PCG64(0))
    items, users = edges // 5, edges // 10
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


def measure(spec: Path) -> tuple[float, float, float]:
    """Seconds on the clock and of processor time, and GiB at most, of `prepare` in a process of its own.

    Raises:
        RuntimeError: it failed.
    """
    words = ["prepare", str(spec), "--split", "20/10/70", "--out", str(spec.parent / "mine.h5")]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *words], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"prepare ended with {process.returncode}")
    seconds, worked = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    return seconds, worked, usage.ru_maxrss / 2**20  # KiB on Linux.


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--texts", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spec = write_tables(Path(folder), arguments.edges, arguments.texts)
        seconds, worked, memory = measure(spec)
    print(
        f"{arguments.edges:,} edges: {seconds:.1f} s ({worked:.1f} s of processor time), "
        f"{memory:.2f} GiB at most"
    )


if __name__ == "__main__":
    main()
