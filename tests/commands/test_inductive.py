"""The inductive setting on the command line, from the whole graph's file to the table."""

from __future__ import annotations

from pathlib import Path

import pytest

import cli
from condense.io import save
from tests.support.graphs import small_graph

CONDENSE = ["--method", "srgm", "--epochs", "2", "--outer", "3", "--edge-ratio", "0.3"]
EVALUATE = ["--models", "mlp", "--seeds", "1", "--epochs", "5", "--baselines", "random"]


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Default output folders are below the working directory: not in the repository."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "mine.h5", small_graph(num_target=80))
    return str(tmp_path / "mine.h5")


def condense(whole: str, setting: str, *more: str) -> int:
    return cli.main(["condense", "--dataset", whole, "--setting", setting, *CONDENSE, *more])


def test_from_file_to_table(whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert condense(whole, "inductive", "--ratio", "0.4") == 0
    said = capsys.readouterr().out
    assert "small (simulated), inductive: srgm, 8 movie nodes" in said.replace("\n", " ")
    assert "10.000% of all movie nodes, 38.095% of the training nodes" in said
    (small,) = (tmp_path / "runs").glob("mine-inductive-srgm*.h5")
    assert cli.main(["inspect", str(small)]) == 0
    assert "setting  inductive" in capsys.readouterr().out

    assert cli.main(["evaluate", "--condensed", str(small), *EVALUATE]) == 0
    said = capsys.readouterr().out.replace("\n", " ")
    assert "small (simulated), inductive: tested on the whole graph" in said
    assert "inductive" in (tmp_path / "runs" / "evaluate" / "results.csv").read_text()


def test_files_of_two_settings_are_not_compared(
    whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / f"{i}.h5") for i in (0, 1)]
    assert condense(whole, "inductive", "--ratio", "0.4", "--out", files[0]) == 0
    assert condense(whole, "transductive", "--ratio", "0.2", "--out", files[1]) == 0
    assert cli.main(["evaluate", "--condensed", *files, *EVALUATE]) == 2
    error = capsys.readouterr().err.replace("\n", " ")
    assert f"{files[0]}: inductive, {files[1]}: transductive" in error
    assert "must all be of one setting" in error


def test_more_nodes_than_there_are_to_see(whole: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert condense(whole, "inductive", "--ratio", "0.5", "--ratio-base", "all") == 2
    error = capsys.readouterr().err.replace("\n", " ")
    assert "more than the 21 training nodes that the inductive setting sees" in error
    with pytest.raises(SystemExit):
        condense(whole, "inductif")
