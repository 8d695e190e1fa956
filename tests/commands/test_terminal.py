"""Exit statuses: each means one thing, and is documented where users look."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from commands import inspect
from commands.terminal import BROKEN, INTERRUPTED, MEANING, MISSED, OK, TERMINATED, WRONG


def test_statuses_are_told_apart_and_documented(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(MEANING) == [OK, MISSED, WRONG, BROKEN, INTERRUPTED, TERMINATED]
    assert len(set(MEANING)) == 6
    assert cli.main(["--help"]) == OK
    said = capsys.readouterr().out
    page = (Path(cli.__file__).parent / "docs" / "commands.md").read_text(encoding="utf-8")
    for status, meaning in MEANING.items():
        assert f"{status:>3}  {meaning}" in said
        assert f"| {status} | {meaning} |" in page


@pytest.mark.parametrize("argv", [["--help"], ["condense", "--help"], ["inspect", "--help"]])
def test_a_reader_that_leaves_early_is_no_defect(argv: list[str]) -> None:
    command = [sys.executable, str(Path(cli.__file__)), *argv]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert done.returncode == OK
    assert done.stderr == ""


def test_no_command_is_a_mistake() -> None:
    assert cli.main([]) == WRONG


def test_a_defect_shows_its_traceback_and_where_to_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(argv: list[str]) -> int:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(inspect, "run", broken)
    assert cli.main(["inspect", "a.h5"]) == BROKEN
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "ZeroDivisionError: by zero" in error
    assert "Please report it" in error
    assert "cli.py inspect a.h5" in error


def test_ctrl_c_has_its_own_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(argv: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(inspect, "run", interrupted)
    assert cli.main(["inspect", "a.h5"]) == INTERRUPTED
    assert "Interrupted" in capsys.readouterr().err
