"""Means that mix what was trained differently are named."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from evaluate.report.chapters.scores import kept
from evaluate.report.gather import Section
from evaluate.report.write import report
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


def notes(found: list[Row]) -> tuple[str, ...]:
    return kept(Section("imdb", "real", "transductive", rows=found)).notes


def test_a_mean_over_different_settings_is_named() -> None:
    (note,) = notes(mixed())
    assert "mix trainings with different settings" in note
    assert "several runs: sgc (on srgm)." in note


def test_settings_may_differ_between_means() -> None:
    assert notes(rows()) == ()
    tuned = [dataclasses.replace(r, settings=f"{r.method} {r.model}") for r in rows()]
    assert notes(tuned) == ()
    sizes = [dataclasses.replace(r, ratio=2 * r.ratio, settings="hops=3") for r in rows()]
    assert notes([*rows(), *sizes]) == ()


def test_the_note_is_on_the_page_and_told(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.csv", mixed())
    written = report([tmp_path], tmp_path / "r.html")
    assert "several runs: sgc (on srgm)" in written.page.read_text()
    assert written.notes[0].startswith("imdb: These means mix trainings")
