"""`reproduce` on the command line: names and paths, missing data, exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cli
import commands.reproduce
import evaluate.reproduce.run
from condense.io import save
from evaluate.reproduce import read_scores
from tests.support.graphs import small_graph

PLAN = """
dataset = "{dataset}"
seeds = 2

[training]
epochs = 4
check_every = 2

[models.mlp]

[[published]]
model = "mlp"
value = 50.0
bar = {bar}
source = "Somebody (2020), Table 1"
"""


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plans in place of ours: one on a real graph, one whose data is missing."""
    graph = small_graph(num_target=80)
    graph.source = "real"
    save(tmp_path / "mine.h5", graph)
    (tmp_path / "mine.toml").write_text(PLAN.format(dataset=tmp_path / "mine.h5", bar=0.0))
    (tmp_path / "zeroth.toml").write_text(PLAN.format(dataset="cora", bar=0.0))
    monkeypatch.setattr(commands.reproduce, "PAPERS", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_name_gives_its_table(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reproduce", "mine", "--seeds", "1"]) == 0
    said = capsys.readouterr()
    header, line = said.out.splitlines()
    assert header.split()[-5:] == ["source", "published", "ours", "difference", "bar"]
    assert "Somebody (2020), Table 1" in line
    assert line.split()[-1] == "reached"
    assert f"mlp on {papers / 'mine.h5'}, seed 0: validation micro-F1" in said.err
    assert "seed 1" not in said.err


def test_missing_data_is_named_and_the_rest_is_run(
    papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reproduce"]) == 2
    said = capsys.readouterr()
    assert "zeroth.toml left out" in said.err
    assert "cora.npz" in said.err
    assert len(said.out.splitlines()) == 2


def test_a_missed_bar_shows_in_the_table_and_the_status(
    papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    high = papers / "mine.toml"
    high.write_text(high.read_text().replace("bar = 0.0", "bar = 100.0"))
    assert cli.main(["reproduce", str(high)]) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("MISSED")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["mime"], "did you mean 'mine'"),
        (["nowhere.toml"], "cannot be read"),
        (["mine", "--seeds", "0"], "seeds (got 0)"),
        (["mine", "--device", "tpu9"], "device (got 'tpu9')"),
        (["mine", "--jobs", "0"], "jobs (got 0) must be at least 1"),
        (["mine", "--threads", "-1"], "threads (got -1) must be at least 1"),
        (["mine", "--address", "127.0.0.1:1"], "address (got '127.0.0.1:1') is not that of a Ray cluster"),
    ],
)  # fmt: skip
def test_wrong_input(
    papers: Path, argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reproduce", *argv]) == 2
    assert said in capsys.readouterr().err


def test_ctrl_c_keeps_what_has_ended(
    papers: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = evaluate.reproduce.run.reproduce

    def interrupted(plan, *arguments):
        if plan.experiment.dataset == "cora":
            raise KeyboardInterrupt
        return original(plan, *arguments)

    monkeypatch.setattr("evaluate.reproduce.run.reproduce", interrupted)
    assert cli.main(["reproduce"]) == 130
    said = capsys.readouterr().out
    assert "Interrupted" in said
    assert "reached" in said


def test_what_was_trained_is_kept_and_not_trained_again(
    papers: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reproduce", "mine", "--seeds", "1"]) == 0
    first = capsys.readouterr().out
    assert len(read_scores(papers / "runs" / "reproduce" / "mine.csv")) == 5
    monkeypatch.setattr("evaluate.reproduce.workload.end_to_end", None)  # Whoever trains now fails.
    assert cli.main(["reproduce", "mine", "--seeds", "1"]) == 0
    assert capsys.readouterr().out == first


def test_jobs_are_rays_where_anything_is_to_be_trained(
    papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[Any] = []

    def connect(*arguments: Any) -> Any:
        connected.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("evaluate.distributed.connect.connect", connect)
    for more, expected in (
        (["--jobs", "2", "--threads", "2"], (None, 4, 2)),
        (["--address", "host:1"], ("host:1", None, 1)),
    ):
        assert cli.main(["reproduce", "mine", *more]) == 130
        assert connected.pop() == expected
    assert cli.main(["reproduce", "mine", "--threads", "1"]) == 0
    assert cli.main(["reproduce", "mine", "--jobs", "2"]) == 0  # Nothing is missing.
    assert connected == []


@pytest.mark.slow
def test_with_ray_as_without(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (papers / "other.toml").write_text((papers / "mine.toml").read_text())
    tables = []
    for more in (["--threads", "1"], ["--jobs", "2", "--out", "ray"]):
        assert cli.main(["reproduce", "mine", "other", *more]) == 0
        said = capsys.readouterr()
        tables.append(said.out)
    assert said.err.count("Ray: 2 jobs at a time") == 1  # One connection for both plans.
    assert tables[0] == tables[1]
    assert len(read_scores(papers / "ray" / "mine.csv")) == 10


def test_a_file_that_holds_no_scores_is_not_replaced(
    papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = papers / "mine.csv"
    kept.write_text("a,b\n1,2\n")
    assert cli.main(["reproduce", "mine", "--out", str(papers)]) == 2
    assert "cannot be read as scores" in capsys.readouterr().err
    assert kept.read_text() == "a,b\n1,2\n"
