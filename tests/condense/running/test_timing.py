"""The time of an interrupted run is the sum over its parts."""

from __future__ import annotations

import pytest

from condense.running import timing as stages
from condense.running.timing import StageClock


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [0.0]
    monkeypatch.setattr(stages.time, "perf_counter", lambda: time[0])
    monkeypatch.setattr(stages, "peak_bytes", lambda device: int(1000 + time[0]))
    return time


def test_the_running_stage_counts(now: list[float]) -> None:
    clock = StageClock()
    with clock.stage("start"):
        now[0] = 2.0
    with clock.stage("match"):
        now[0] = 5.0
        assert clock.spent() == [
            {"name": "start", "seconds": 2.0, "peak_bytes": 1002},
            {"name": "match", "seconds": 3.0, "peak_bytes": 1005},
        ]
        now[0] = 6.0
    assert [s["seconds"] for s in clock.spent()] == [2.0, 4.0]
    assert clock.spent() == clock.stages


def test_parts_add_up_and_the_greatest_peak_counts(now: list[float]) -> None:
    clock = StageClock()
    clock.carry(
        [
            {"name": "start", "seconds": 10.0, "peak_bytes": 5000},
            {"name": "match", "seconds": 20.0, "peak_bytes": 10},
        ]
    )
    for name in ("start", "match", "finish"):
        with clock.stage(name):
            now[0] += 1.0
    assert clock.spent() == [
        {"name": "start", "seconds": 11.0, "peak_bytes": 5000},
        {"name": "match", "seconds": 21.0, "peak_bytes": 1002},
        {"name": "finish", "seconds": 1.0, "peak_bytes": 1003},
    ]
