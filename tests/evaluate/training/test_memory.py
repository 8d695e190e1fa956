"""Memory that training takes, against arrays of known size."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from condense.running.timing import resident_bytes
from evaluate.training.memory import TrainingPeak

MIB = 2**20
CPU = torch.device("cpu")

needs_linux = pytest.mark.skipif(resident_bytes(CPU) is None, reason="the system does not tell")


@pytest.fixture(autouse=True)
def no_garbage() -> Iterator[None]:
    """What earlier tests left is freed now, not while memory is measured."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def block(mib: int) -> np.ndarray:
    """So much memory, every page of it touched."""
    return np.ones(mib * MIB, dtype=np.uint8)


@needs_linux
def test_the_greatest_rise_counts_and_pauses_do_not() -> None:
    before = block(80)  # There already: not training's.
    peak = TrainingPeak(CPU)
    kept = block(40)
    peak.pause()
    assert peak.rise == pytest.approx(40 * MIB, abs=4 * MIB)
    block(200)
    validation = block(60)
    peak.resume()
    more = block(30)
    del more
    peak.pause()
    assert peak.rise == pytest.approx(70 * MIB, abs=4 * MIB)
    del kept, validation, before


@needs_linux
def test_memory_that_was_freed_before_does_not_hide_what_is_taken() -> None:
    """Small pieces stay with the allocator when they are freed, and would be taken again unseen."""
    pieces = [torch.ones(4000) for _ in range(4000)]  # 64 MB
    del pieces
    peak = TrainingPeak(CPU)
    pieces = [torch.ones(4000) for _ in range(4000)]
    peak.pause()
    assert peak.rise is not None
    assert peak.rise > 50 * MIB
    del pieces


def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluate.training.memory.resident_bytes", lambda device: None)
    peak = TrainingPeak(CPU)
    peak.pause()
    peak.resume()
    assert peak.rise is None
