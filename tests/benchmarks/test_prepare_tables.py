"""What `prepare` may take for large tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.prepare_tables import ROOT, measure, write_tables


def test_it_measures(tmp_path: Path) -> None:
    cost = measure(write_tables(tmp_path, 1000, 300, texts=True), ROOT)
    assert cost.worked > 0
    assert 0 < cost.seconds < 600
    assert 0.05 < cost.held / 2**30 < cost.resident / 2**30 < 2
    assert (tmp_path / "mine.h5").is_file()


@pytest.mark.slow
def test_a_million_edges(tmp_path: Path) -> None:
    """Processor time, since other processes share the machine."""
    cost = measure(write_tables(tmp_path, 1_000_000, 300_000), ROOT)
    assert cost.worked < 20
    assert cost.held / 2**30 < 1


@pytest.mark.slow
def test_edges_are_not_held(tmp_path: Path) -> None:
    """Ten million edges more, each of which would take 36 bytes with its reverse and its weight.

    What is held is sampled, and differs by 70 MB from run to run.
    """
    few, many = (
        measure(write_tables(_made(tmp_path / str(edges)), edges, 30_000), ROOT).held
        for edges in (2_000_000, 12_000_000)
    )
    assert many - few < 10_000_000 * 36 / 2


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
