"""One table, three forms, the same content."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

from markdown import Markdown

from evaluate.report.tables import Table

TABLE = Table("t", "A title", ("name", "n"), (("a|b", "1"), ("c, d", "2,000")), note="A note.")


def test_csv_holds_headers_and_rows() -> None:
    assert list(csv.reader(io.StringIO(TABLE.csv()))) == [
        ["name", "n"],
        ["a|b", "1"],
        ["c, d", "2,000"],
    ]


def test_markdown_shows_names_as_text() -> None:
    """Against a Markdown parser: what it shows is what went in, and nothing of it is HTML."""
    nasty = ("<script>alert(1)</script>", "a & b", "[x](javascript:y)", "`c`", "**d**", "_e_", "f_g",
             "two\nlines", "$h$ | ~~i~~", "\\", "<!-- j")  # fmt: skip
    table = Table("t", "<b>t</b>", ("name",), tuple((text,) for text in nasty), note="<i>n</i>")
    page = Markdown(extensions=["tables"]).convert(table.markdown())
    tree = ElementTree.fromstring(f"<page>{page}</page>")
    assert {element.tag for element in tree.iter()} == {
        "page", "p", "strong", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    shown = ["".join(cell.itertext()) for cell in tree.iter("td")]
    assert shown == [" ".join(text.splitlines()) for text in nasty]
    assert "f_g" in table.markdown()  # As names of models are written everywhere.


def test_markdown_escapes_its_own_marks() -> None:
    lines = TABLE.markdown().splitlines()
    assert lines == [
        "**A title**", "", "| name | n |", "| :-- | --: |", "| a\\|b | 1 |", "| c, d | 2,000 |", "",
        "A note.",
    ]  # fmt: skip
