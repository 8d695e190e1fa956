"""The cost of condensing on disk: measured on a small graph, and printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import out_of_core
from benchmarks.out_of_core import TOTAL, Row, exponent, measure, table
from condense.io import load_condensed, save
from tests.support.graphs import small_graph


def test_a_graph_is_condensed_on_disk_and_its_folder_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out_of_core, "RATIO", 0.2)
    graph = small_graph(num_target=120)
    save(tmp_path / "whole.h5", graph)
    rows = measure(tmp_path / "whole.h5", 2**31)
    assert [row.stage for row in rows] == [
        "check", "sort", "read", "propagate", "cluster", "join", "spread", "judge", TOTAL,
    ]  # fmt: skip
    assert {row.nodes for row in rows} == {120 + 30 + 60}
    assert rows[-1].seconds == pytest.approx(sum(row.seconds for row in rows[:-1]), abs=0.1)
    assert not (tmp_path / "whole.work").exists()
    assert load_condensed(tmp_path / "whole.small.h5").graph["movie"].num_nodes == 24


def rows(nodes: int, seconds: float) -> list[Row]:
    return [
        Row(nodes, 10 * nodes, 40 * nodes, 400 * nodes, 2**32, stage, seconds, 2**30)
        for stage in ("sort", TOTAL)
    ]


def test_the_table_has_a_line_for_each_stage_and_exponents() -> None:
    text = table([*rows(1000, 2.0), *rows(100_000, 20.0)])
    assert "| stage | 1,000 nodes | 100,000 nodes | exponent |" in text
    assert "| sort | 2.0 s, 1.0 GiB | 20.0 s, 1.0 GiB | 0.50 |" in text
    assert "| edges; file; work | 0.0 M; 0.00 GB; 0.0 GB | 1.0 M; 0.00 GB; 0.0 GB | |" in text
    assert text.endswith("| 0.00 |")


def test_one_size_has_no_exponent() -> None:
    assert str(exponent(rows(1000, 2.0)[:1], "seconds")) == "nan"
