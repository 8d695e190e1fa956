"""Means over trainings with different settings are named."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from evaluate.report.chapters.retention import chapter
from evaluate.report.runs import DatasetRuns
from evaluate.report.write import write_report
from evaluate.results.rows import Row, write_rows
from tests.evaluate.report.rows import rows


def mixed() -> list[Row]:
    """SR-GM's second training with sgc has other settings than its first."""
    return [
        dataclasses.replace(r, settings="hops=2 epochs=50")
        if (r.method, r.model, r.train_seed) == ("srgm", "sgc", 1)
        else r
        for r in rows()
    ]


def warnings(rows: list[Row]) -> tuple[str, ...]:
    return chapter(DatasetRuns("imdb", "real", "transductive", rows=rows)).warnings


def test_a_mean_over_different_settings_is_named() -> None:
    (warning,) = warnings(mixed())
    assert "mix trainings with different settings" in warning
    assert "several runs: sgc (on srgm)." in warning


def test_settings_may_differ_between_means() -> None:
    assert warnings(rows()) == ()
    tuned = [dataclasses.replace(r, settings=f"{r.method} {r.model}") for r in rows()]
    assert warnings(tuned) == ()
    sizes = [dataclasses.replace(r, ratio=2 * r.ratio, settings="hops=3") for r in rows()]
    assert warnings([*rows(), *sizes]) == ()


def test_scores_of_different_test_labels_are_named() -> None:
    new = [dataclasses.replace(r, test_labels="1" * 16) for r in rows()]
    assert warnings(new) == ()
    old = [dataclasses.replace(r, test_labels="0" * 16 * (r.model == "mlp")) for r in rows()]
    (warning,) = warnings([*old, *(r for r in new if r.model == "sgc")])
    assert f"9 trainings of {len(old) + 9} were scored with other test labels" in warning


def test_the_warning_is_on_the_page_and_printed(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.csv", mixed())
    written = write_report([tmp_path], tmp_path / "r.html")
    assert "several runs: sgc (on srgm)" in written.page.read_text()
    assert written.notes[0].startswith("imdb: These means mix trainings")
