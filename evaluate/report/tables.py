"""A table, written as CSV, as Markdown and, by the page's template, as HTML."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from condense.data.shown import printable

MISSING = "–"
"""The text of a cell without a value."""


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        name: of its files, without ending.
        title: its caption; it names the data set and marks simulated data.
        headers: of the columns.
        rows: one text a column each.
        left: how many columns at the left hold names, not numbers.
        note: how to read it.
    """

    name: str
    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row) == len(self.headers), (self.name, row)

    def csv(self) -> str:
        """Headers and rows, comma-separated."""
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([self.headers, *self.rows])
        return stream.getvalue()

    def markdown(self) -> str:
        """Caption, table and note, in which names are text: neither HTML nor Markdown."""
        rule = [":--" if i < self.left else "--:" for i in range(len(self.headers))]
        lines = [
            "| " + " | ".join(row) + " |"
            for row in (_plain(self.headers), rule, *map(_plain, self.rows))
        ]
        parts = [f"**{_escaped(self.title)}**", "\n".join(lines), _escaped(self.note)]
        return "\n\n".join(filter(None, parts)) + "\n"


def _plain(row: Sequence[str]) -> list[str]:
    return [_escaped(text) for text in row]


def _escaped(text: str) -> str:
    """Text in one line of Markdown; underscores inside words, as in names of models, mean nothing there."""
    text = html.escape(printable(" ".join(text.splitlines())), quote=False)
    text = text.replace("$", "&#36;").replace(
        "~", "&#126;"
    )  # Not all dialects take a backslash here.
    return re.sub(r"[\\`*|[\]]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text)
