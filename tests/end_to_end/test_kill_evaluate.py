"""`kill -9` of a comparison at any moment: what had ended is not run again, and the result is the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cli
from condense.budget import plan
from condense.io import save
from condense.run import condense
from evaluate.results.rows import Row, read_rows
from tests.support.graphs import small_graph

pytestmark = pytest.mark.slow

ROOT = Path(cli.__file__).parent
KILLS = 2
CELLS = 2 * (1 + 1 + 1) * (2 + 2)  # Models × graphs × (candidates + seeds).


def start(folder: Path, out: str) -> subprocess.Popen[str]:
    command = ["evaluate", "--condensed", "0.h5", "--whole", "mine.h5", "--models", "mlp", "sgc",
               "--seeds", "2", "--tune", "2", "--epochs", "300", "--check-every", "2",
               "--baselines", "random", "--out", out]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), *command],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        text=True,
    )


def scores(rows: list[Row]) -> list[tuple[object, ...]]:
    return sorted((r.cell, r.method, r.micro_f1, r.macro_f1, r.auc or 0, r.epoch) for r in rows)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    graph = small_graph(num_target=80)
    save(tmp_path / "mine.h5", graph)
    save(tmp_path / "0.h5", condense(graph, plan(graph, 0.2), "kmeans", device="cpu"))
    whole = start(tmp_path, "whole")
    _, said = whole.communicate()
    assert whole.returncode == 0, said
    assert said.count(f"/{CELLS}] ") == CELLS

    rng, kills, ran = random.Random(0), 0, 0
    while True:
        process = start(tmp_path, "killed")
        assert process.stderr is not None
        if kills < KILLS:
            # The first lines show that it runs; then at any moment of the next training.
            for _ in range(rng.randint(2, 6)):
                ran += process.stderr.readline().startswith("[")
            time.sleep(rng.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            ran += sum(line.startswith("[") for line in process.stderr)
            assert process.wait() == -signal.SIGKILL
            kills += 1
        else:
            _, said = process.communicate()
            ran += sum(line.startswith("[") for line in said.splitlines())
            assert process.returncode == 0, said
            break
    # A training's row is written before its line is printed: at most those unsaid were lost to sight.
    assert CELLS - KILLS <= ran <= CELLS
    assert scores(read_rows(tmp_path / "killed" / "results.csv")) == scores(
        read_rows(tmp_path / "whole" / "results.csv")
    )
