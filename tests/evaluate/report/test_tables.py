"""One table, three forms, the same content."""

from __future__ import annotations

import csv
import io

from evaluate.report.tables import Table

TABLE = Table("t", "A title", ("name", "n"), (("a|b", "1"), ("c, d", "2,000")), note="A note.")


def test_csv_holds_headers_and_rows() -> None:
    assert list(csv.reader(io.StringIO(TABLE.csv()))) == [
        ["name", "n"],
        ["a|b", "1"],
        ["c, d", "2,000"],
    ]


def test_markdown_escapes_its_own_marks() -> None:
    lines = TABLE.markdown().splitlines()
    assert lines == [
        "**A title**", "", "| name | n |", "| :-- | --: |", "| a\\|b | 1 |", "| c, d | 2,000 |", "",
        "A note.",
    ]  # fmt: skip
