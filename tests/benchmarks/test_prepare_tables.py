"""What `prepare` may take for large tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.prepare_tables import measure, write_tables


def test_it_measures(tmp_path: Path) -> None:
    seconds, worked, memory = measure(write_tables(tmp_path, 1000, texts=True))
    assert worked > 0
    assert 0 < seconds < 600
    assert 0.05 < memory < 2
    assert (tmp_path / "mine.h5").is_file()


@pytest.mark.slow
def test_a_million_edges(tmp_path: Path) -> None:
    """Processor time, since other processes share the machine."""
    _, worked, memory = measure(write_tables(tmp_path, 1_000_000))
    assert worked < 20
    assert memory < 2
