"""Memory that training takes, against arrays of known size.

It is measured in a process of its own: of what earlier tests freed, glibc keeps the last piece of each
arena but the main one, and would give it out again unseen.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from condense.running.timing import resident_bytes
from evaluate.training.memory import TrainingPeak

MIB = 2**20
CPU = torch.device("cpu")


def block(mib: int) -> np.ndarray:
    """So much memory, every page of it touched."""
    return np.ones(mib * MIB, dtype=np.uint8)


def rises_of_blocks() -> list[int | None]:
    """The rise by 40 MiB, and by 30 more after a pause; 80 MiB are there before, 60 of the pause stay."""
    before = block(80)
    peak = TrainingPeak(CPU)
    kept = block(40)
    peak.pause()
    first = peak.rise
    block(200)
    validation = block(60)
    peak.resume()
    more = block(30)
    del more
    peak.pause()
    del kept, validation, before
    return [first, peak.rise]


def rise_of_pieces() -> list[int | None]:
    """The rise by 64 MB in small pieces, after as many were freed.

    These stay with the allocator, and would be taken again unseen.
    """
    pieces = [torch.ones(4000) for _ in range(4000)]
    del pieces
    peak = TrainingPeak(CPU)
    pieces = [torch.ones(4000) for _ in range(4000)]
    peak.pause()
    del pieces
    return [peak.rise]


@pytest.fixture(scope="module")
def rises() -> list[int]:
    """Of blocks, twice, and of pieces, in bytes."""
    if resident_bytes(CPU) is None:
        pytest.skip("the system does not tell")
    done = subprocess.run([sys.executable, __file__], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_the_greatest_rise_counts_and_pauses_do_not(rises: list[int]) -> None:
    assert rises[0] == pytest.approx(40 * MIB, abs=4 * MIB)
    assert rises[1] == pytest.approx(70 * MIB, abs=4 * MIB)


def test_memory_that_was_freed_before_does_not_hide_what_is_taken(rises: list[int]) -> None:
    assert rises[2] > 50 * MIB


def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluate.training.memory.resident_bytes", lambda device: None)
    peak = TrainingPeak(CPU)
    peak.pause()
    peak.resume()
    assert peak.rise is None


if __name__ == "__main__":
    print(json.dumps(rises_of_blocks() + rise_of_pieces()))
