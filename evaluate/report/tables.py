"""A table, written as CSV, as Markdown and, by the page's template, as HTML."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

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
        """Caption, table and note."""
        rule = [":--" if i < self.left else "--:" for i in range(len(self.headers))]
        lines = [
            "| " + " | ".join(text.replace("|", "\\|") for text in row) + " |"
            for row in (self.headers, rule, *self.rows)
        ]
        parts = [f"**{self.title}**", "\n".join(lines), self.note]
        return "\n\n".join(filter(None, parts)) + "\n"
