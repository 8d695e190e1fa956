"""Reads damaged and hostile files, and counts what becomes of the reader.

    python -m benchmarks.fuzz [--mutations 100000] [--seed 0] [--out runs/fuzz]

Each file is a sound one with one kind of damage, see `benchmarks.mutations`. Reading it must give the sound
file's graph or a sentence (`FileError`); never a crash of the process that reads, another error, a wrong
graph without a word, more than SECONDS, or more memory than twice what the file declares and SPARE_MIB. Files
are read in batches, each in a process of its own; finished batches are kept in --out, and the same command
resumes.
The exit status is 1 if anything fell.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.mutations import Base, mutated

BATCH = 1000
SECONDS = 5.0
SPARE_MIB = 100.0
FALLEN = ("crash", "hang", "traceback", "wrong graph", "memory")
"""Outcomes that must not occur."""


@dataclass(frozen=True)
class Outcome:
    """What became of reading one file.

    Attributes:
        number: of the mutation.
        kind, seal: as in `benchmarks.mutations.Mutated`.
        outcome: "read" or "refused", "HDF5 crashed" and "HDF5 stopped" (in the process that is
            meant to die), or one of FALLEN.
        seconds: that reading took.
        mib: growth of the memory of both processes above what reading sound files takes, in MiB.
        declared_mib: MiB of arrays and nodes that the file claims.
        text: the message of an error.
    """

    number: int
    kind: str
    seal: str
    outcome: str
    seconds: float
    mib: float
    declared_mib: float
    text: str = ""


def bases() -> tuple[Base, ...]:
    """Sound files: whole, condensed, large, sparse, with a spread, in eight bits, a checkpoint, unsealed."""
    import numpy as np
    import scipy.sparse as sp

    from condense.data.condensed import CondensedGraph
    from condense.data.precision import rounded
    from condense.data.sparse import from_scipy
    from condense.io import save
    from condense.io.checkpoint import save_checkpoint
    from tests.support.graphs import PROVENANCE, small_condensed, small_graph
    from tests.support.paths import ROOT
    from tests.support.spreads import graph_with_spread

    large = small_graph(num_target=3000, text_width=24)
    large["movie"].x_text = large["movie"].x_text.round()
    sparse = small_graph()
    words = sp.random_array((40, 500), density=0.02, rng=np.random.default_rng(0))
    sparse["movie"].x_text = from_scipy(sp.csr_matrix(words, dtype=np.float32))
    tensors = {f"now/{key}": large["movie"][key][:40] for key in ("x_text", "y", "train_mask")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.h5"
        files = {}
        for name, graph in (
            ("whole", small_graph()), ("condensed", small_condensed()), ("large", large),
            ("sparse", sparse), ("spread", CondensedGraph(graph_with_spread(5), PROVENANCE)),
            ("eight bits", CondensedGraph(rounded(graph_with_spread(60), 8)[0], PROVENANCE)),
        ):  # fmt: skip
            save(path, graph)
            files[name] = path.read_bytes()
        save_checkpoint(path, {"run": {"method": "srgm"}}, tensors)
        files["checkpoint"] = path.read_bytes()
    earlier = ROOT / "tests" / "condense" / "io" / "version1"
    files |= {f"{path.stem}-version1": path.read_bytes() for path in sorted(earlier.glob("*.h5"))}
    return tuple(Base.of(name, data) for name, data in files.items())


class Reader:
    """Reads damaged files one after another and says what became of each."""

    def __init__(self, folder: Path) -> None:
        from condense.io import members
        from condense.io.limits import Allowance

        self._path = folder / "file.h5"
        self._bases = bases()
        self._declared = 0
        reader = self

        class Recorded(Allowance):
            """Notes what the file declares."""

            def take(self, nbytes: int, what: str) -> None:
                super().take(nbytes, what)
                reader._declared += nbytes

        members.Allowance = Recorded  # type: ignore[misc]
        self._sound: dict[str, Any] = {}
        for base in self._bases:
            self._path.write_bytes(base.data)
            self._sound[base.name] = self._content()
        self._resting = _memory_mib(peak=False)

    def read(self, seed: int, number: int) -> Outcome:
        """Read one file."""
        from condense.errors import FileError

        file = mutated(self._bases, seed, number)
        self._path.write_bytes(file.data)
        self._declared, text = 0, ""
        _forget_peak()
        started = time.perf_counter()
        try:
            outcome = "read" if self._content() == self._sound[file.base] else "wrong graph"
        except FileError as error:
            text = str(error)
            outcome = "HDF5 crashed" if "crashed the HDF5" in text else "refused"
            outcome = "HDF5 stopped" if "processor time" in text else outcome
        except Exception as error:
            outcome, text = "traceback", f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - started
        mib, declared = _memory_mib(peak=True) - self._resting, self._declared / 2**20
        if outcome not in FALLEN:
            outcome = "memory" if mib > 2 * declared + SPARE_MIB else outcome
            outcome = "hang" if seconds > SECONDS else outcome
        return Outcome(number, file.kind, file.seal, outcome, seconds, mib, declared, text[:300])

    def _content(self) -> Any:
        """What the file holds, in a form that can be compared."""
        from condense.data.condensed import CondensedGraph
        from condense.data.fingerprint import fingerprint
        from condense.errors import FileError
        from condense.io import load
        from condense.io.checkpoint import load_checkpoint

        try:
            graph = load(self._path)
        except FileError as error:
            if "give a graph file" not in str(error):
                raise
            record, tensors = load_checkpoint(self._path)
            return str(record), {k: v.numpy().tobytes() for k, v in tensors.items()}
        if isinstance(graph, CondensedGraph):
            return fingerprint(graph.graph), str(graph.provenance)
        return fingerprint(graph), ""


def _listers() -> list[int]:
    """Process numbers of this process and its children."""
    me = multiprocessing.current_process().pid
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    return [int(me or 0), *map(int, children)]


def _memory_mib(peak: bool) -> float:
    """Memory of this process and its children in MiB, now or at its peak."""
    total = 0
    for process in _listers():
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM" if peak else "VmRSS"):
                total += int(line.split()[1])
    return total / 1024


def _forget_peak() -> None:
    for process in _listers():
        Path(f"/proc/{process}/clear_refs").write_text("5")


def _serve(pipe: Connection, seed: int) -> None:
    """Read the files whose numbers arrive."""
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Path(folder))
        pipe.send(None)
        while (number := pipe.recv()) is not None:
            pipe.send(reader.read(seed, number))


def outcomes(numbers: range, seed: int) -> Iterator[Outcome]:
    """Read files, one after another, in a process of their own; it is replaced if one kills it."""
    context = multiprocessing.get_context("spawn")
    waiting = list(numbers)
    while waiting:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, seed), daemon=False)
        process.start()
        theirs.close()
        try:
            ours.recv()
            while waiting:
                number = waiting.pop(0)
                ours.send(number)
                try:
                    yield ours.recv() if ours.poll(60) else _lost(number, "hang")
                except (EOFError, ConnectionResetError):
                    yield _lost(number, "crash")
                    break
            else:
                ours.send(None)
                process.join(10)
        finally:
            process.kill()
            process.join()


def _lost(number: int, outcome: str) -> Outcome:
    return Outcome(number, "", "", outcome, 60.0 if outcome == "hang" else 0.0, 0.0, 0.0)


def table(results: list[Outcome]) -> str:
    """Counts by kind and seal, the slowest and the largest, and everything that fell."""
    kinds = sorted({(r.kind, r.seal) for r in results})
    columns = ["read", "refused", "HDF5 crashed", "HDF5 stopped", *FALLEN]
    lines = ["| damage | seal | files | " + " | ".join(columns) + " | slowest, s | memory, MiB |",
             "|---|---|" + "---:|" * (len(columns) + 3)]  # fmt: skip
    for kind in [*kinds, None]:
        rows = [r for r in results if kind in (None, (r.kind, r.seal))]
        counts = Counter(r.outcome for r in rows)
        name = "all | " if kind is None else " | ".join(kind)
        numbers = " | ".join(f"{counts[column]:,}" for column in columns)
        slowest, largest = max(r.seconds for r in rows), max(r.mib for r in rows)
        lines.append(f"| {name} | {len(rows):,} | {numbers} | {slowest:.2f} | {largest:.0f} |")
    fallen = [r for r in results if r.outcome in FALLEN]
    return "\n".join([*lines, "", *(f"{r.number} {r.outcome}: {r.text}" for r in fallen[:50])])


def main() -> int:
    """Run the missing batches and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    results: list[Outcome] = []
    for first in range(0, args.mutations, BATCH):
        numbers = range(first, min(first + BATCH, args.mutations))
        kept = args.out / f"seed{args.seed}-{numbers.start}-{numbers.stop}.json"
        if not kept.exists():
            rows = [vars(outcome) for outcome in outcomes(numbers, args.seed)]
            kept.with_suffix(".part").write_text(json.dumps(rows))
            kept.with_suffix(".part").rename(kept)
        results += [Outcome(**row) for row in json.loads(kept.read_text())]
        print(f"{len(results):,} of {args.mutations:,}", file=sys.stderr)
    print(table(results))
    return int(any(r.outcome in FALLEN for r in results))


if __name__ == "__main__":
    sys.exit(main())
