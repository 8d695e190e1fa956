"""Progress in a log file and on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from condense.running import progress
from condense.running.progress import Progress, span
from condense.running.steps import Step


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: time[0])
    return time


def console(terminal: bool, width: int = 200) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width)


def text(of: Console) -> str:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue()


def run(shown: Console, now: list[float], seconds: float, steps: int = 200) -> None:
    with Progress(shown, "srgm on small (simulated)") as watched:
        watched.on_stage("propagate")
        now[0] += 5
        watched.on_stage("match")
        for index in range(1, steps + 1):
            now[0] += seconds
            watched.on_step(Step(index, steps, {"loss": 1 / index, "val_score": float("nan")}))


def test_a_log_has_a_line_a_stage_and_a_tenth(now: list[float]) -> None:
    log = console(terminal=False)
    run(log, now, seconds=0.5)
    lines = text(log).splitlines()
    assert lines[0] == "0:00:00 srgm on small (simulated): propagate"
    assert lines[1] == "0:00:05 srgm on small (simulated): match"
    steps = lines[2:]
    assert len(steps) == 10
    assert steps[0] == (
        "0:00:15 srgm on small (simulated): match  step 20/200  loss 0.05  val score –  "
        "about 1 min 30 s left"
    )
    assert steps[-1].endswith("step 200/200  loss 0.005  val score –")
    assert not any(ord(c) < 32 for c in text(log).replace("\n", ""))


def test_long_silence_is_broken_every_minute(now: list[float]) -> None:
    log = console(terminal=False)
    run(log, now, seconds=30.0)
    lines = text(log).splitlines()[2:]
    assert len(lines) == 100
    assert lines[1].startswith("0:02:05 srgm on small (simulated): match  step 4/200  loss 0.25")


def test_a_terminal_gets_a_bar_that_goes_away(now: list[float]) -> None:
    terminal = console(terminal=True)
    run(terminal, now, seconds=0.5)
    printed = text(terminal)
    assert "\x1b[" in printed
    assert "match" in printed
    assert "200/200" in printed


def test_nothing_is_lost_on_a_narrow_terminal(now: list[float]) -> None:
    terminal = console(terminal=True, width=80)
    values = {"loss": 0.05, "energy": 0.15, "edge_mass": 267.0, "density": 0.05, "val_score": 0.79}
    with Progress(terminal, "srgm on small (simulated)") as watched:
        watched.on_stage("match")
        watched.on_step(Step(60, 200, values))
    printed = text(terminal)
    for part in ("match", "60/200", "loss 0.05", "edge mass 267", "val score 0.79"):
        assert part in printed
    assert "…" not in printed


def test_no_color_is_honoured(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = console(terminal=True)
    run(terminal, now, seconds=0.5)
    assert terminal.no_color
    for colour in ("\x1b[3", "\x1b[9"):  # Foreground colours begin so; moving the cursor does not.
        assert all(c not in text(terminal) for c in (f"{colour}{n}m" for n in range(1, 8)))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_span(seconds: float, expected: str) -> None:
    assert span(seconds) == expected
