"""`kill -9` at any moment, and --resume after it, end in the data of a run that nobody touched."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

import cli
from condense.io import data_digest, load_condensed, save
from tests.support.graphs import small_graph

pytestmark = pytest.mark.slow

KILLS = 12
# Every validation writes a checkpoint, so that many a kill hits a write.
SETTINGS = ["--method", "srgm", "--ratio", "0.05", "--epochs", "3", "--outer", "20",
            "--check-every", "2", "--batch", "8",
            "--lr-features", "0.01", "--checkpoint-seconds", "0", "--out"]  # fmt: skip


def run(command: list[str], kill_after: float | None = None) -> tuple[int, float]:
    """Exit status and seconds of one run in a process of its own; −9 if it was killed in time."""
    # One server imports torch once; every child is a fresh fork of it, without threads.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cli", "condense.run", "sklearn.cluster"])
    process = context.Process(target=_child, args=(command,))
    started = time.monotonic()
    process.start()
    if kill_after is not None:
        process.join(kill_after)
        if process.is_alive() and process.pid:
            os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode is not None
    return process.exitcode, time.monotonic() - started


def _child(command: list[str]) -> None:
    raise SystemExit(cli.main(command))


def test_killed_at_random_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "OMP_NUM_THREADS", "1"
    )  # More would wait for each other on so small a graph.
    save(tmp_path / "mine.h5", small_graph(num_target=300))
    command = ["condense", "--dataset", str(tmp_path / "mine.h5"), *SETTINGS]
    run([*command, str(tmp_path / "warm.h5")])  # The server's imports are not part of a run.
    status, seconds = run([*command, str(tmp_path / "whole.h5")])
    assert status == 0
    expected = data_digest(tmp_path / "whole.h5")
    assert data_digest(tmp_path / "warm.h5") == expected

    rng, kills, resumed = random.Random(0), 0, []
    for number in range(100):
        out = tmp_path / f"{number}.h5"
        status, again = -signal.SIGKILL, []
        while status == -signal.SIGKILL:
            last = kills >= KILLS
            status, _ = run([*command, str(out), *again], None if last else rng.uniform(0, seconds))
            kills += status == -signal.SIGKILL
            again = ["--resume"]
        assert status == 0
        assert data_digest(out) == expected
        resumed.append(load_condensed(out).provenance.measures.get("resumed_from", []))
        assert not (tmp_path / f"{number}.h5.checkpoints").exists()
        if kills >= KILLS:
            break
    assert kills >= KILLS
    assert sum(map(len, resumed)) >= KILLS // 3  # The others came before the first checkpoint.
    assert len({step for steps in resumed for step in steps}) >= 4
