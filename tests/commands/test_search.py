"""`search` as a user meets it, as far as it needs no Ray; for the sweep see tests/evaluate/distributed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cli
from condense.budget import plan
from condense.io import save
from condense.run import condense
from evaluate.search.record import VerifyRow, read_table
from tests.support.graphs import small_graph

SPACE = """
epochs = 6
check_every = 3
[models.mlp]
hidden = [2, 4, 8, 16]
[models.sgc]
dropout = [0.0, 0.3, 0.6]
"""


@pytest.fixture
def argv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    graph = small_graph(num_target=80)
    save(tmp_path / "whole.h5", graph)
    save(tmp_path / "small.h5", condense(graph, plan(graph, 0.2), "random", device="cpu"))
    (tmp_path / "space.toml").write_text(SPACE)
    files = ["--condensed", "small.h5", "--whole", "whole.h5", "--space", "space.toml"]
    return ["search", *files, "--out", "out", "--samples", "0"]


def test_verify(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*argv, "--verify", "6"]) == 0
    said = capsys.readouterr()
    for part in ("6 architectures", "whole validation", "condensed", "subgraph", "short", "regret"):
        assert part in said.out
    assert said.err.count("short: ") == 6
    rows = read_table(Path("out/verify.csv"), VerifyRow)
    assert len(rows) == 6
    record = json.loads(Path("out/search.json").read_text())
    assert record["source"] == "simulated"
    assert set(record["verify"]) >= {"condensed", "subgraph", "short", "spread"}
    for side in ("condensed", "subgraph", "short"):
        one = record["verify"][side]
        assert set(one["kendall"]) == {"value", "low", "high"}
        assert {"spearman", "regret", "speed_up"} <= set(one)

    # Again: nothing is trained, and the machine's output is the file.
    assert cli.main([*argv, "--verify", "6", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == record
    assert "short: " not in said.err
    assert cli.main([*argv, "--verify", "6", "--seed", "1"]) == 2
    assert "holds another search, which differs in seed (0 then, 1 now)" in capsys.readouterr().err


def test_verify_of_a_few_says_so(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*argv, "--verify", "5", "--verify-whole", "2"]) == 0
    said = capsys.readouterr().out
    assert "measured on 2 of 5 and extrapolated from their families" in said
    rows = Path("out/verify.csv").read_text().splitlines()[1:]
    assert sum(row.split(",")[2] == "" for row in rows) == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "samples and verify (got 0 and 0)"),
        (["--verify", "1"], "verify (got 1) must be at least 2"),
        (["--verify", "4", "--verify-whole", "5"], "verify_whole (got 5) must be 2 … --verify (4)"),
        (["--verify", "8"], "samples (got 8) must be at most the space's 7 architectures"),
        (["--samples", "-1"], "samples (got -1) must be at least 0"),
        (["--verify", "4", "--epochs", "0"], "epochs (got 0) must be at least 1"),
        (["--verify", "4", "--space", "nowhere.toml"], "space (got nowhere.toml) cannot be read"),
        (["--verify", "4", "--condensed", "nowhere.h5"], "nowhere.h5"),
        (["--verify", "4", "--condensed", "whole.h5"], "whole graph"),
    ],
)
def test_wrong_input(
    argv: list[str], more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*argv, *more]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
