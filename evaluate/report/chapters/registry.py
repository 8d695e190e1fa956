"""The chapters of a data set's report, in the order of the page.

A chapter is one file in this folder with a function `chapter(runs) -> Chapter`, and one row here. A chapter
without content, such as that of searches where there was none, is left out of the page.
"""

from __future__ import annotations

from collections.abc import Callable

from evaluate.report.chapters import (
    condensed_graphs,
    condensing,
    costs,
    failures,
    record,
    retention,
    search,
)
from evaluate.report.content import Chapter
from evaluate.report.runs import DatasetRuns

CHAPTERS: dict[str, Callable[[DatasetRuns], Chapter]] = {
    "kept": retention.chapter,
    "costs": costs.chapter,
    "failures": failures.chapter,
    "search": search.chapter,
    "graphs": condensed_graphs.chapter,
    "condensing": condensing.chapter,
    "record": record.chapter,
}
"""Anchor on the page -> what builds the chapter."""
