"""What was still rising is marked in the tables, and the mark is explained."""

from __future__ import annotations

import dataclasses

from evaluate.results.rising_mark import NOTE, RISING
from evaluate.results.rows import Row
from evaluate.results.table import HEADERS, as_matrix, as_text, cells, summarise
from tests.evaluate.report.rows import rows


def rising(method: str, model: str, known: bool | None = False) -> list[Row]:
    """The rows, of which one seed's training of this model on this graph was still rising."""
    return [
        dataclasses.replace(
            r, rising=True if (r.method, r.model, r.train_seed) == (method, model, 1) else known
        )
        for r in rows()
    ]


def marks(rows: list[Row]) -> set[tuple[str, str, str]]:
    """(method, model, header) of all texts with a mark."""
    return {
        (line.method, line.model, header)
        for line in summarise(rows)
        for header, text in zip(HEADERS, cells(line), strict=True)
        if RISING in text
    }


def test_the_whole_graphs_score_and_what_is_measured_against_it() -> None:
    expected = {("whole", "mlp", "micro-F1")} | {
        (method, "mlp", header)
        for method in ("srgm", "random")
        for header in ("retention", "corrected")
    }
    assert marks(rising("whole", "mlp")) == expected
    assert marks(rising("whole", "mlp", known=None)) == expected


def test_a_condensed_graphs_score_alone() -> None:
    assert marks(rising("srgm", "sgc")) == {("srgm", "sgc", "micro-F1")}


def test_neither_unknown_nor_ended() -> None:
    assert marks(rows()) == set()
    ended = [dataclasses.replace(r, rising=False) for r in rows()]
    assert marks(ended) == set()
    assert as_text(summarise(ended)) == as_text(summarise(rows()))
    assert NOTE not in as_text(summarise(ended)) + as_matrix(summarise(ended))


def test_settings_apart_have_marks_apart() -> None:
    other = [dataclasses.replace(r, setting="inductive") for r in rows()]
    lines = summarise([*rising("whole", "mlp"), *other])
    assert not any(line.rising or line.whole_rising for line in lines[len(lines) // 2 :])
    assert any(line.whole_rising for line in lines)


def test_marks_stand_outside_the_column_of_digits_and_are_explained_below() -> None:
    text = as_text(summarise(rising("whole", "mlp")))
    plain = as_text(summarise(rows()))
    *table, empty, note = text.splitlines()
    assert (empty, note) == ("", NOTE)
    assert len(note) <= 130
    column = {line.index("±") for line in table[2:] if line}
    assert len(column) == 1
    stripped = [" ".join(line.replace(RISING, "").split()) for line in table]
    assert stripped == [" ".join(line.split()) for line in plain.splitlines()]


def test_the_matrix_marks_scores_and_mean_retention() -> None:
    whole, srgm, random = (
        line.split("  ") for line in as_matrix(summarise(rising("whole", "mlp"))).splitlines()[1:4]
    )
    shown = [[text for text in line if RISING in text] for line in (whole, srgm, random)]
    assert [len(texts) for texts in shown] == [1, 1, 1]
    assert "±" in shown[0][0]
    assert all("%" in texts[0] for texts in shown[1:])
    assert as_matrix(summarise(rising("whole", "mlp"))).endswith(f"\n\n{NOTE}")
