"""`report` on the command line: what it says, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

import cli
from evaluate.results.rows import write_rows
from tests.evaluate.report.rows import rows


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default output folders are below the working directory: not in the repository."""
    monkeypatch.chdir(tmp_path)


def test_a_report_of_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path / "results.csv", rows())
    assert cli.main(["report", "results.csv"]) == 0
    said = capsys.readouterr().out
    assert "Written to runs/report.html" in said
    assert "to runs/report_files" in said
    assert (tmp_path / "runs" / "report.html").exists()
    assert len(list((tmp_path / "runs" / "report_files").glob("*.png"))) == 3


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["report"], "runs (got nothing) needs at least one"),
        (["report", "nowhere"], "run (got nowhere) does not exist"),
        (["report", "results.csv", "--out", "page.txt"], "out (got page.txt) must end in .html"),
    ],
)
def test_the_users_mistakes(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    assert said in capsys.readouterr().err.replace("\n", " ")


def test_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert "report " in capsys.readouterr().out
