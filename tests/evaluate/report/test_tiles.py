"""The tiles show the leading method's numbers."""

from __future__ import annotations

import dataclasses

import pytest

from evaluate.report.runs import DatasetRuns
from evaluate.report.tiles import tiles
from evaluate.results.rows import Row
from tests.evaluate.report.rows import row, rows


def shown(results: list[Row]) -> list[tuple[str, str]]:
    """Value and label of each tile."""
    runs = DatasetRuns("imdb", "real", "transductive", rows=results)
    return [(t.value.replace("\N{NO-BREAK SPACE}", " "), t.label) for t in tiles(runs)]


def test_retention_size_time_and_break_even() -> None:
    kept = (0.64 / 0.61 + (0.60 + 0.63 + 0.62) / (0.64 + 0.64 + 0.65)) / 2
    assert shown(rows()) == [
        (f"{100 * kept:.1f} %", "of the whole graph's micro-F1"),
        ("4.0 %", "of the whole graph's bytes"),
        ("12.0 s", "to condense"),
        ("2", "trainings of mlp until condensing pays off"),
    ]


def test_retention_has_the_mark_of_the_whole_graph() -> None:
    some = [
        dataclasses.replace(r, rising=r.method == "whole" and r.train_seed == 2) for r in rows()
    ]
    (value, _), *others = shown(some)
    assert value == shown(rows())[0][0] + "†"
    assert others == shown(rows())[1:]


def test_condensing_never_pays_off_if_the_whole_graph_is_as_cheap() -> None:
    slow = [dataclasses.replace(r, train_seconds=9.0) if r.method != "whole" else r for r in rows()]
    assert shown(slow)[3] == ("never", "pays off")


def test_without_the_whole_graph_only_the_time_is_known() -> None:
    assert shown([r for r in rows() if r.method != "whole"]) == [("12.0 s", "to condense")]


@pytest.mark.parametrize("results", [[row("whole", "mlp", 0, 0.5)], []])
def test_no_tiles_without_a_condensed_graph(results: list[Row]) -> None:
    assert shown(results) == []
