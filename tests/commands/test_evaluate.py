"""`evaluate` on the command line: going on, failures, what machines read, where it runs."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest

import cli
from condense.budget import plan
from condense.io import save
from condense.run import condense
from evaluate.grid import workload as module
from evaluate.grid.plan import Cell
from evaluate.grid.workload import GridWorkload, TrainingResult
from evaluate.results.rising_mark import NOTE
from evaluate.results.rows import read_rows
from tests.support.graphs import small_graph

QUICK = ["--models", "mlp", "sgc", "--seeds", "2", "--epochs", "4", "--check-every", "2"]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two k-means graphs and a baseline: 2 models × (2 + 2 × 2 + 2 × 2) trainings."""
    monkeypatch.chdir(tmp_path)
    graph = small_graph(num_target=80)
    save(tmp_path / "mine.h5", graph)
    for seed in (0, 1):
        made = condense(graph, plan(graph, 0.2), "kmeans", seed=seed, device="cpu")
        save(tmp_path / f"{seed}.h5", made)
    return ["evaluate", "--condensed", "0.h5", "1.h5", "--whole", "mine.h5", *QUICK,
            "--baselines", "random", "--out", "out"]  # fmt: skip


def breaking(monkeypatch: pytest.MonkeyPatch, which: Any) -> list[Cell]:
    """Let the cells fail for which `which` answers with an error; those that are run."""
    ran: list[Cell] = []
    original = module.run_cell

    def train(workload: GridWorkload, cell: Cell) -> TrainingResult:
        ran.append(cell)
        if (error := which(cell)) is not None:
            raise error
        return original(workload, cell)

    monkeypatch.setattr(module, "run_cell", train)
    return ran


def test_trainings_on_the_whole_graph_can_be_left_out(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--condensed-only"]) == 0
    rows = read_rows(Path("out/results.csv"))
    assert {row.method for row in rows} == {"kmeans", "random"}
    assert "100.0 %" not in capsys.readouterr().out  # No retention.
    assert cli.main(command) == 0
    assert "100.0 %" in capsys.readouterr().out
    both = read_rows(Path("out/results.csv"))
    assert [row for row in both if row.method != "whole"] == rows


def test_a_second_run_trains_nothing(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(command) == 0
    first, said = read_rows(Path("out/results.csv")), capsys.readouterr()
    lines = said.err.splitlines()
    assert lines[0] == "[ 1/20] mlp on whole, seed 0: " + lines[0].partition(": ")[2]
    assert lines[-1].startswith("[20/20] sgc on random (seed 1), seed 1: micro-F1 ")
    assert "left" in lines[0]
    assert "left" not in lines[-1]
    assert len(lines) == 20
    assert max(map(len, said.out.splitlines())) <= 130
    for part in ("AUC", "peak MiB", "break-even", "condense s", "corrected for 2 comparisons"):
        assert part in said.out
    assert "share a graph" in said.out  # Four pairs, of two graphs.
    ran = breaking(monkeypatch, lambda cell: None)
    assert cli.main(command) == 0
    assert ran == []
    again = capsys.readouterr()
    assert "20 of 20 trainings are in out already and are not run again" in again.err
    assert again.out == said.out
    assert read_rows(Path("out/results.csv")) == first
    assert cli.main([*command, "--fresh"]) == 0
    assert len(ran) == 20
    assert len(read_rows(Path("out/results.csv"))) == 20


def test_pairs_of_a_graph_each_need_no_warning(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--per-graph", "1"]) == 0
    said = capsys.readouterr().out
    assert "corrected for 2 comparisons" in said
    assert "share a graph" not in said


def test_a_failure_is_said_and_tried_again(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(cell: Cell) -> Exception | None:
        return RuntimeError("no [memory]\nmore") if cell.training_graph == 3 and cell.seed else None

    with monkeypatch.context() as patch:
        breaking(patch, fails)
        assert cli.main(command) == 1
    said = capsys.readouterr()
    assert "mlp on random (seed 0), seed 1: FAILED, RuntimeError: no [memory]; about" in said.err
    assert "2 failed; the same command retries them:" in said.err
    assert said.err.rstrip().endswith("sgc on random (seed 0), seed 1: RuntimeError: no [memory]")
    assert "Traceback" not in said.err
    assert "18 rows in" in said.out
    assert len(Path("out/failures.csv").read_text().splitlines()) == 3
    ran = breaking(monkeypatch, lambda cell: None)
    assert cli.main(command) == 0
    assert len(ran) == 2
    assert not Path("out/failures.csv").exists()


def test_a_rival_that_cannot_be_condensed_is_a_failure(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: Any, **named: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("evaluate.grid.baselines.condense", broken)
    assert cli.main(command) == 1
    assert "condensing random (seed 1): FAILED, MemoryError" in capsys.readouterr().err
    assert {row.method for row in read_rows(Path("out/results.csv"))} == {"whole", "kmeans"}


def test_for_machines(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    breaking(monkeypatch, lambda c: ValueError("bad") if c.training_graph == 3 and c.seed else None)
    assert cli.main([*command, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["results"] == "out/results.csv"
    (one,) = found["comparisons"]
    assert (one["dataset"], one["source"]) == ("small", "simulated")
    lines = {(line["model"], line["method"]): line for line in one["summary"]}
    assert set(lines) == {(m, g) for m in ("mlp", "sgc") for g in ("whole", "kmeans", "random")}
    assert lines["mlp", "random"]["runs"] == 3
    assert lines["mlp", "kmeans"]["retention"] > 0
    assert [(p["rival"], p["model"], p["pairs"], p["comparisons"]) for p in one["paired"]] == [
        ("random", None, 3, 1),
        ("random", "mlp", 3, 2),
        ("random", "sgc", 3, 2),
    ]
    assert {f["reason"] for f in one["failures"]} == {"ValueError: bad"}

    record = json.loads(Path("out/run.json").read_text())
    assert set(record) == {
        "command", "arguments", "condensed", "dataset", "source", "versions"
    }  # fmt: skip
    assert (record["command"], record["condensed"]) == ("evaluate", ["0.h5", "1.h5"])
    assert record["arguments"]["baselines"] == ["random"]
    assert (record["dataset"], record["source"]) == ("small", "simulated")
    assert "torch" in record["versions"]


@pytest.mark.usefixtures("command")
def test_trainings_that_were_still_rising_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["evaluate", "--condensed", "0.h5", "--whole", "mine.h5", "--models", "hgt", "--seeds", "1",
              "--out", "out"]  # fmt: skip
    few, many = ["--epochs", "4", "--check-every", "1"], ["--epochs", "200", "--check-every", "20"]
    assert cli.main([*chosen, *few]) == 0
    said = capsys.readouterr().out
    whole, kmeans = (
        next(x for x in said.splitlines() if f"  {on} " in x) for on in ("whole", "kmeans")
    )
    assert whole.count("†") == 1  # The score.
    assert kmeans.count("%†") == 2  # Retention, twice.
    assert said.count(NOTE) == 1
    by_graph = {row.method: row.rising for row in read_rows(Path("out/results.csv"))}
    assert by_graph["whole"] is True
    assert cli.main([*chosen, *few]) == 0  # From the rows alone.
    assert capsys.readouterr().out == said
    assert cli.main([*chosen, *few, "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert {line["whole_rising"] for line in one["summary"]} == {True}
    assert cli.main([*chosen, *many]) == 0
    assert "†" not in capsys.readouterr().out
    assert {row.rising for row in read_rows(Path("out/results.csv"))} == {False}


def test_a_single_validation_tells_nothing(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--epochs", "20", "--check-every", "20"]) == 0
    said = capsys.readouterr()
    assert "warning: 20 epochs are validated once" in said.err
    assert "smaller --check-every (got 20)" in said.err
    assert "†" not in said.out
    assert {row.rising for row in read_rows(Path("out/results.csv"))} == {None}
    assert cli.main([*command, "--epochs", "21", "--check-every", "20"]) == 0
    assert "warning" not in capsys.readouterr().err
    assert None not in {row.rising for row in read_rows(Path("out/results.csv"))}


def test_few_trainings_need_no_ray(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connected: list[Any] = []

    def connect(*arguments: Any) -> Any:
        connected.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("evaluate.distributed.connect.connect", connect)
    monkeypatch.setattr("commands.evaluate.cores", lambda: 3)
    monkeypatch.setattr("evaluate.grid.comparison.SMALL", 21)
    assert cli.main(command) == 0
    monkeypatch.setattr("evaluate.grid.comparison.SMALL", 20)
    assert cli.main(command) == 0  # Nothing is missing.
    assert connected == []
    for more, expected in (
        (["--fresh"], (None, 3, 1)),
        (["--jobs", "2", "--threads", "2"], (None, 4, 2)),
        (["--address", "host:1"], ("host:1", None, 1)),
    ):
        assert cli.main([*command, *more]) == 130
        assert connected.pop() == expected
    ran = breaking(monkeypatch, lambda cell: None)
    assert cli.main([*command, "--jobs", "1"]) == 0
    assert connected == []
    assert len(ran) == 20


@pytest.mark.parametrize(("option", "value"), [("--jobs", "0"), ("--threads", "-1")])
def test_wrong_numbers(
    option: str, value: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, option, value]) == 2
    assert f"{option[2:]} (got {value}) must be at least 1" in capsys.readouterr().err


def test_a_folder_that_holds_something_else(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out").mkdir()
    Path("out/results.csv").write_text("mine\n")
    assert cli.main(command) == 2
    assert "begin anew with --fresh" in capsys.readouterr().err
    assert Path("out/results.csv").read_text() == "mine\n"


def test_a_last_row_that_was_cut_costs_one_training(
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(command) == 0
    path = Path("out/results.csv")
    whole = path.read_bytes()
    for cut in (1, 40):
        path.write_bytes(whole[:-cut])
        with monkeypatch.context() as patch:
            ran = breaking(patch, lambda cell: None)
            assert cli.main(command) == 0
        assert len(ran) == 1
        assert f"{path}: line 21, the last, is left out (the line is cut" in caplog.text
        assert len(read_rows(path)) == 20
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3].replace(b",mlp,", b",\0lp,"), *lines[4:]]))
    damaged = path.read_bytes()
    capsys.readouterr()
    assert cli.main(command) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "line 4, byte " in said
    assert "is NUL; correct or delete the line, or choose another --out, or begin anew" in said
    assert path.read_bytes() == damaged


def test_with_a_full_disk_the_first_cause_is_said_first(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, unlimited[1]))
    try:
        status = cli.main(command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert status == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(
        "condensing random (seed 0): FAILED, FileError: path (got out/rivals/"
    )
    assert "File too large; free disk space" in lines[0]
    assert "Traceback" not in "".join(lines)


def test_corrected_test_labels_are_scored_anew(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(command) == 0
    before = read_rows(Path("out/results.csv"))
    graph = small_graph(num_target=80)
    rows = graph["movie"].test_mask.nonzero().flatten()
    graph["movie"].y[rows] = graph["movie"].y[rows.flip(0)]
    save(Path("mine.h5"), graph)
    ran = breaking(monkeypatch, lambda cell: None)
    assert cli.main(command) == 0
    assert len(ran) == len(before) == 20
    after = read_rows(Path("out/results.csv"))
    assert {r.test_labels for r in after}.isdisjoint(r.test_labels for r in before)
    assert [r.micro_f1 for r in after] != [r.micro_f1 for r in before]
    assert cli.main(command) == 0
    assert len(ran) == 20


@pytest.mark.slow
def test_with_ray_as_without(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def scores(folder: str) -> set[tuple[Any, ...]]:
        rows = read_rows(Path(folder) / "results.csv")
        return {(r.cell, r.method, r.micro_f1, r.macro_f1, r.auc, r.epoch) for r in rows}

    assert cli.main([*command, "--jobs", "1", "--threads", "1"]) == 0
    assert cli.main([*command, "--jobs", "2", "--out", "ray"]) == 0
    assert "Ray: 2 jobs at a time" in capsys.readouterr().err
    assert scores("out") == scores("ray")
    assert len(scores("ray")) == 20


def test_little_dropout_is_pointed_to_where_graphs_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = small_graph(num_target=80)
    save(tmp_path / "mine.h5", graph)
    for name, spread in (("drawn.h5", "on"), ("means.h5", "off")):
        made = condense(graph, plan(graph, 0.2), "mixture", {"spread": spread}, device="cpu")
        save(tmp_path / name, made)
    chosen = ["--whole", "mine.h5", *QUICK, "--condensed-only", "--out", "out", "--condensed"]
    assert cli.main(["evaluate", *chosen, "means.h5"]) == 0
    assert "--tune 2" not in capsys.readouterr().err
    assert cli.main(["evaluate", *chosen, "drawn.h5"]) == 0
    assert "--tune 2" in capsys.readouterr().err
    assert cli.main(["evaluate", *chosen, "drawn.h5", "--tune", "2"]) == 0
    assert "--tune 2" not in capsys.readouterr().err
    assert cli.main(["evaluate", *chosen, "drawn.h5", "--models", "mlp:input_dropout=0.1"]) == 0
    assert "--tune 2" not in capsys.readouterr().err
