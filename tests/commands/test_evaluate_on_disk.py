"""`evaluate` on a whole graph that does not fit: the same table, rows and resuming, and what cannot work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cli
from condense.budget import plan
from condense.io import save
from condense.run import condense
from evaluate.grid import on_disk as module
from evaluate.grid.workload import GridWorkload
from evaluate.results.rows import read_rows
from evaluate.training.task import EvaluationTask
from tests.support.graphs import small_graph

QUICK = ["--models", "mlp", "hgt", "--seeds", "1", "--epochs", "4", "--check-every", "2"]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A k-means graph, and a whole graph that is said to be large."""
    monkeypatch.chdir(tmp_path)
    graph = small_graph(num_target=80)
    save(tmp_path / "mine.h5", graph)
    save(tmp_path / "0.h5", condense(graph, plan(graph, 0.2), "kmeans", seed=0, device="cpu"))
    monkeypatch.setattr(module, "bytes_to_evaluate", lambda stored: 3 << 30)
    monkeypatch.setattr(EvaluationTask, "of", lambda *_: pytest.fail("loaded into memory"))
    return ["evaluate", "--condensed", "0.h5", "--whole", "mine.h5", *QUICK, "--out", "out",
            "--memory", "2GiB"]  # fmt: skip


def test_the_table_the_rows_and_a_second_run(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    some = [*command, "--test-nodes", "15", "--baselines", "coarsening", "herding"]
    assert cli.main(some) == 1
    said = capsys.readouterr()
    assert "mine.h5 would take about 3.0 GiB in memory, of 2.0" in said.err
    assert "condensing herding (seed 0): FAILED, UserError: method (got 'herding')" in said.err
    assert "on disk: tested on a random 15 of 38 test nodes of the whole graph" in said.out
    for part in ("retention", "break-even", "coarsening", "whole", "condense s"):
        assert part in said.out
    rows = read_rows(Path("out/results.csv"))
    assert [(row.model, row.method) for row in rows] == [
        (model, method) for model in ("mlp", "hgt") for method in ("whole", "kmeans", "coarsening")
    ]
    assert all("tested=15/38 validated=21/21" in row.settings for row in rows)
    assert ["fan_out=10+5" in row.settings for row in rows] == [
        row.method == "whole" for row in rows
    ]
    assert len(list(Path("out/rivals").iterdir())) == 1
    monkeypatch.setattr(GridWorkload, "run", lambda *_: pytest.fail("trained again"))
    assert cli.main(some) == 1
    again = capsys.readouterr()
    assert "6 of 6 trainings are in out already" in again.err
    assert again.out == said.out


def test_a_graph_that_fits_is_read_into_memory(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "bytes_to_evaluate", lambda stored: 1 << 30)
    with pytest.raises(pytest.fail.Exception, match="loaded into memory"):
        cli.main(command)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--jobs", "2"], "jobs (got 2) needs the whole graph in memory"),
        (["--address", "auto"], "address (got auto) needs the whole graph in memory"),
        (["--device", "cuda"], "device (got 'cuda'): a graph on disk is evaluated on the CPU"),
        (["--models", "mlp", "han"], "models (got han) reads all nodes of a graph at once"),
        (["--fan-out", "5", "0"], "fan_out (got 0) must be at least 1"),
        (["--memory", "1GiB"], "memory (got '1GiB') must be at least 1.5GiB"),
    ],
)
def test_what_cannot_work_is_a_sentence(
    command: list[str], more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, *more]) == 2
    error = capsys.readouterr().err
    assert said in " ".join(error.split())
    assert not Path("out").exists()


def test_graphs_condensed_otherwise_are_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph: Any = small_graph(num_target=80)
    made = condense(graph, plan(graph, 0.2, setting="inductive"), "kmeans", device="cpu")
    save(tmp_path / "0.h5", made)
    assert cli.main(command) == 2
    assert "setting (got 'inductive') needs the whole graph in memory" in capsys.readouterr().err
    graph["movie"].x_text += 1
    save(tmp_path / "0.h5", condense(graph, plan(graph, 0.2), "kmeans", device="cpu"))
    assert cli.main(command) == 2
    assert "was condensed from another version of mine.h5" in capsys.readouterr().err
