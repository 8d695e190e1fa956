"""What makes means misleading is named: different settings or labels, trainings that did not end."""

from __future__ import annotations

import dataclasses
import html
from pathlib import Path

from evaluate.report.chapters.retention import RISING_COLUMNS, chapter
from evaluate.report.runs import DatasetRuns
from evaluate.report.write import write_report
from evaluate.results.rising_mark import NOTE
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


def rising(*trainings: tuple[str, str, int]) -> list[Row]:
    """The rows, of which these (method, model, seed) were still rising."""
    return [
        dataclasses.replace(r, rising=(r.method, r.model, r.train_seed) in trainings)
        for r in rows()
    ]


def table(rows: list[Row], name: str) -> dict[tuple[str, str], str]:
    """(row, column) -> text of a table; its note is at ("", "")."""
    made = chapter(DatasetRuns("imdb", "real", "transductive", rows=rows))
    (found,) = (t for t in (*made.tables, *made.details) if t.name == f"imdb-{name}")
    texts = {
        (row[0], header): text
        for row in found.rows
        for header, text in zip(found.headers, row, strict=True)
    }
    return texts | {("", ""): found.note}


def test_retention_over_a_whole_graph_that_was_still_rising_is_marked() -> None:
    some = rising(("whole", "mlp", 1))
    for name in ("retention-matrix", "corrected-matrix"):
        texts = table(some, name)
        for method in ("srgm", "random"):
            assert texts[method, "mlp"].endswith("%†")
            assert texts[method, "sgc"].endswith("%")
            assert texts[method, "mean"].endswith("%†")
        assert texts["", ""].endswith(NOTE)
    scores = table(some, "micro-f1")
    assert {key for key, text in scores.items() if text.endswith("†")} == {("whole", "mlp")}
    assert scores["", ""].endswith(NOTE)
    (warning,) = warnings(some)
    assert "retention may be too high: mlp (1 of 3 trainings); evaluate with more" in warning


def test_a_condensed_graph_that_was_still_rising_marks_its_score_alone() -> None:
    some = rising(("srgm", "sgc", 0), ("srgm", "sgc", 2))
    scores = table(some, "micro-f1")
    assert {key for key, text in scores.items() if text.endswith("†")} == {("srgm", "sgc")}
    assert "†" not in " ".join(table(some, "retention-matrix").values())
    assert warnings(some) == ()


def test_a_star_and_a_mark_are_both_explained() -> None:
    some = [r for r in rising(("whole", "mlp", 0)) if (r.method, r.model) != ("random", "sgc")]
    texts = table(some, "retention-matrix")
    assert texts["random", "mean"].endswith("%*†")
    assert texts["srgm", "mean"].endswith("%†")
    assert texts["", ""] == f"* over the models trained on this graph. {NOTE}"


def test_nothing_is_marked_that_is_unknown() -> None:
    for unknown in (rows(), rising()):
        for name in ("retention-matrix", "corrected-matrix", "micro-f1", "lines"):
            assert "†" not in " ".join(table(unknown, name).values())
        assert warnings(unknown) == ()


def test_marks_are_on_the_page_and_in_the_files(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.csv", rising(("whole", "mlp", 1)))
    written = write_report([tmp_path], tmp_path / "r.html")
    page = written.page.read_text()
    assert NOTE in html.unescape(page)
    assert RISING_COLUMNS in page
    assert "mlp was still rising" in page
    for ending in ("csv", "md"):
        text = (written.folder / f"imdb-retention-matrix.{ending}").read_text()
        assert text.count("%†") == 4  # Two methods; with mlp, and on average.
    assert NOTE in (written.folder / "imdb-retention-matrix.md").read_text()
    assert written.notes[0].startswith("imdb: The validation score was still rising")


def test_the_warning_is_on_the_page_and_printed(tmp_path: Path) -> None:
    write_rows(tmp_path / "results.csv", mixed())
    written = write_report([tmp_path], tmp_path / "r.html")
    assert "several runs: sgc (on srgm)" in written.page.read_text()
    assert written.notes[0].startswith("imdb: These means mix trainings")
