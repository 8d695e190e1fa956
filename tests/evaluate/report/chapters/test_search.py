"""Every measure of a verification is in the table; a missing one is a dash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evaluate.report.chapters.search import chapter
from evaluate.report.runs import DatasetRuns
from evaluate.report.search_folder import SearchFolder
from evaluate.report.tables import Table

QUALITY = {
    "kendall": {"value": 0.5, "low": None, "high": None}, "regret": 0.44, "regret_top": 0.16, "top": 3,
    "speed_up": 6.51, "speed_up_top": 4.26, "speed_up_training": 9.04,
}  # fmt: skip


def agreement(*qualities: dict[str, Any]) -> Table:
    record = {"verify": dict(zip(("condensed", "subgraph"), qualities, strict=False))}
    search = SearchFolder(Path("s"), record)
    (table,) = chapter(DatasetRuns("imdb", "real", "transductive", searches=[search])).tables
    return table


def test_every_measure_is_shown() -> None:
    table = agreement(QUALITY)
    assert table.headers[4:] == (
        "regret", "regret of top 3", "speed-up", "with top 3", "of training"
    )  # fmt: skip
    assert table.rows[0][4:] == ("0.4", "0.2", "6.5×", "4.3×", "9.0×")


def test_measures_that_older_searches_lack_are_dashes() -> None:
    older = {name: QUALITY[name] for name in ("kendall", "regret", "speed_up")}
    assert agreement(older).headers[5] == "regret of the top"
    assert agreement(older).rows[0][4:] == ("0.4", "–", "6.5×", "–", "–")
    assert agreement(QUALITY, older).rows[1][4:] == ("0.4", "–", "6.5×", "–", "–")
