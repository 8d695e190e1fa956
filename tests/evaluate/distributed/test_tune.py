"""The sweep through Ray: from end to end, after kills, and on a cluster that loses a machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

import cli
from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.io import save
from condense.run import condense
from evaluate.results.rows import read_rows
from evaluate.search.record import TrialRow, read_table
from tests.support.graphs import small_graph

if TYPE_CHECKING:
    from ray._private.node import Node

pytestmark = pytest.mark.slow

ROOT = Path(cli.__file__).parent
SPACE = """
[training]
lr = [0.003, 0.03]
[models.mlp]
hidden = [2, 4, 8, 16]
input_dropout = [0.0, 0.5]
[models.sgc]
hops = [1, 2]
[models.gcn]
hidden = [2, 4, 8, 16]
layers = [1, 2]
"""


def command(
    folder: Path, graph: MultimodalGraph | None = None, check_every: int = 5, **options: object
) -> list[str]:
    """A search in `folder`, whose files are made."""
    graph = graph or small_graph(num_target=80)
    save(folder / "whole.h5", graph)
    save(folder / "small.h5", condense(graph, plan(graph, 0.2), "random", device="cpu"))
    (folder / "space.toml").write_text(f"check_every = {check_every}\n{SPACE}")
    words = {
        "condensed": folder / "small.h5",
        "whole": folder / "whole.h5",
        "space": folder / "space.toml",
        "out": folder / "out",
        "samples": 6,
        "epochs": 20,
        "top": 2,
        "jobs": 2,
    }
    given = {**words, **options}
    return ["search", *(w for k, v in given.items() for w in (f"--{k}", str(v)))]


def trials(folder: Path) -> list[TrialRow]:
    return read_table(folder / "out" / "trials.csv", TrialRow)


def test_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = command(tmp_path)
    assert cli.main([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    out = tmp_path / "out"
    assert json.loads((out / "search.json").read_text()).items() <= found.items()
    assert (found["dataset"], found["source"], found["method"]) == ("small", "simulated", "random")
    assert found["search_seconds"] > 0
    rows = trials(tmp_path)
    assert [r.trial for r in rows] == [1, 2, 3, 4, 5, 6]
    assert {r.status for r in rows} <= {"finished", "stopped"}
    for row in rows:
        assert row.epochs == 20 if row.status == "finished" else row.epochs < 20
    top = read_rows(out / "top.csv")
    scores = sorted((r.score for r in rows), reverse=True)
    assert {r.model for r in top} <= {r.model for r in rows if r.score >= scores[1]}
    assert len(top) == 2
    record = json.loads((out / "run.json").read_text())
    assert record["command"] == "search"
    assert {"ray", "optuna", "torch"} <= set(record["versions"])

    # Nothing is left to do; another search is refused.
    before = (out / "trials.csv").read_bytes(), (out / "top.csv").read_bytes()
    assert cli.main(argv) == 0
    assert ((out / "trials.csv").read_bytes(), (out / "top.csv").read_bytes()) == before
    for other, said in (
        (["--samples", "7"], "samples (6 then, 7 now)"),
        (["--epochs", "30"], "epochs (20 then, 30 now)"),
    ):
        assert cli.main([*argv, *other]) == 2
        assert said in capsys.readouterr().err


def test_test_labels_are_not_searched_by(tmp_path: Path) -> None:
    graph, permuted = small_graph(num_target=80), small_graph(num_target=80)
    rows = permuted["movie"].test_mask.nonzero().flatten()
    permuted["movie"].y[rows] = permuted["movie"].y[rows.flip(0)]
    found = []
    for name, one in (("a", graph), ("b", permuted)):
        folder = tmp_path / name
        folder.mkdir()
        assert cli.main(command(folder, one, jobs=1)) == 0
        top = read_rows(folder / "out" / "top.csv")
        found.append((
            [(r.trial, r.model, r.settings, r.score, r.epochs, r.status) for r in trials(folder)],
            [(r.model, r.settings, r.val_micro_f1, r.epoch) for r in top],
            [r.micro_f1 for r in top],
        ))  # fmt: skip
    assert found[0][:2] == found[1][:2]
    assert found[0][2] != found[1][2]


def started(argv: list[str], log: Path) -> subprocess.Popen:
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with log.open("w") as stream:
        return subprocess.Popen(
            [sys.executable, "cli.py", *argv], cwd=ROOT, env=environment,
            stdout=stream, stderr=subprocess.STDOUT,
        )  # fmt: skip


def wait_for(folder: Path, count: int, process: subprocess.Popen, log: Path) -> list[TrialRow]:
    """Until so many trials have ended."""
    until = time.monotonic() + 300
    while len(trials(folder)) < count:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
    return trials(folder)


def test_a_killed_search_goes_on(tmp_path: Path) -> None:
    argv, log = command(tmp_path, check_every=50, samples=16, epochs=400), tmp_path / "log"
    process = started(argv, log)
    wait_for(tmp_path, 3, process, log)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = trials(tmp_path)
    assert 3 <= len(before) < 16
    assert cli.main(argv) == 0
    after = trials(tmp_path)
    assert [r.trial for r in after] == list(range(1, 17))
    # The same trainings, not the same scores again: their seconds are the first run's.
    assert [r for r in after if r.trial in {b.trial for b in before}] == before
    assert {r.status for r in after} <= {"finished", "stopped"}


def wait_for_training(machine: Node, process: subprocess.Popen, log: Path) -> None:
    """Until a trial trains on a machine of the cluster: Ray names worker processes by what they run."""
    raylet = psutil.Process(machine.all_processes["raylet"][0].process.pid)
    until = time.monotonic() + 300
    while not any(
        "ImplicitFunc.train" in title(worker) for worker in raylet.children(recursive=True)
    ):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def title(process: psutil.Process) -> str:
    """The name that a process gave itself; empty once it has ended."""
    try:
        return " ".join(process.cmdline()[:1])
    except psutil.Error:
        return ""


def test_a_cluster_loses_a_machine(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        lost = cluster.add_node(num_cpus=1)
        log = tmp_path / "log"
        # Trials of seconds, none of them stopped: the machine is lost in the middle of one.
        argv = command(tmp_path, check_every=2000, samples=8, epochs=2000, address=cluster.address)
        process = started(argv, log)
        wait_for(tmp_path, 3, process, log)
        wait_for_training(lost, process, log)
        cluster.remove_node(lost, allow_graceful=False)
        assert process.wait(timeout=400) == 0, log.read_text()
    finally:
        cluster.shutdown()
    rows = trials(tmp_path)
    assert [r.trial for r in rows] == list(range(1, 9))
    assert {r.status for r in rows} == {"finished"}
    assert "is lost and will be run again" in log.read_text()
