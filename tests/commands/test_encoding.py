"""What `prepare` says while it encodes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from commands import encoding
from commands.encoding import clear, encoding_progress, list_unreadable


def test_lines_of_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 1.0, 10.0, 11.0, 80.0, 90.0])
    monkeypatch.setattr(encoding, "time", SimpleNamespace(monotonic=lambda: next(times)))
    with encoding_progress("reading") as told:
        for done in (10, 20, 50, 55, 56, 100):
            told("image", done, 100)
    assert [line for line in capsys.readouterr().err.splitlines() if "encoding" in line] == [
        "encoding image: 50 of 100, about 12 s left",  # 40 in 10 s, 50 to go.
        "encoding image: 56 of 100, about 1 min 17 s left",
    ]


def test_short_work_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with encoding_progress("reading") as told:
        for done in (10, 20, 30):
            told("text", done, 30)
    assert "encoding" not in capsys.readouterr().err


def test_the_files_beside_the_output(tmp_path: Path) -> None:
    out = tmp_path / "mine.h5"
    listed = list_unreadable(out, {Path("a\tb.png"): "no such file"})
    assert listed == tmp_path / "mine.h5.unreadable.tsv"
    assert listed.read_text().splitlines()[1] == '"a\\tb.png"\tno such file'
    assert list_unreadable(out, {}) is None
    assert not listed.exists()
    clear(tmp_path / "never.encoded")
