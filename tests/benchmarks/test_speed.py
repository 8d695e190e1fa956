"""The speed of whole runs is measured for methods with and without outer steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import speed
from condense.io import save
from tests.support.graphs import small_graph

pytestmark = pytest.mark.slow


def test_whole_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "whole.h5", small_graph(num_target=80))
    given = (f"--dataset={tmp_path / 'whole.h5'}", "--ratio=0.2")
    of_srgm = ("--method=srgm", *given, "--epochs=1", "--outer=2")
    runs = {"default": speed.Limits(given, 1e-3), "srgm": speed.Limits(of_srgm, 600.0)}
    monkeypatch.setattr(speed, "LIMITS", runs)
    speed.whole_run("default", tmp_path)
    default = capsys.readouterr().out
    assert "MISSED" in default
    assert "stage cluster" in default
    assert "outer step" not in default
    speed.whole_run("srgm", tmp_path)
    srgm = capsys.readouterr().out
    assert ": met" in srgm
    assert "outer step, mean of 2" in srgm
