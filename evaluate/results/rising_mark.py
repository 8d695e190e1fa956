"""The mark on numbers of trainings that ended while they were still rising, and what it means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RISING = "†"
NOTE = (
    f"{RISING} The training (beside a retention: the whole graph's) was still rising when it ended; "
    "train for more --epochs."
)
"""The sentence below a table with marks."""


def marked(text: str, rising: bool) -> str:
    """The text with the mark if it deserves it; an empty text stays empty."""
    return text + RISING if text and rising else text


def note_for(grid: Iterable[Sequence[str]]) -> str:
    """`NOTE` if a text of the table has the mark, else ""."""
    return NOTE if any(_has_mark(text) for row in grid for text in row) else ""


def hanging(grid: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The table with room for the mark in columns that have one, so that digits stay below each other."""
    columns = {i for row in grid for i, text in enumerate(row) if _has_mark(text)}
    return [
        tuple(
            f"{text} " if i in columns and not _has_mark(text) else text
            for i, text in enumerate(row)
        )
        for row in grid
    ]


def _has_mark(text: str) -> bool:
    return text.endswith(RISING)
