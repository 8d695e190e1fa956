"""The record of what a conversion changed."""

from __future__ import annotations

import logging

logger = logging.getLogger("condense.data.from_pyg")


class Changes:
    """Sentences about what was changed, in order; each is recorded and logged once.

    Attributes:
        notes: choices and losses, which are logged as warnings.
        details: changes of type or layout that keep all values, which are logged as information.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.details: list[str] = []

    def note(self, sentence: str) -> None:
        """Record a choice or a loss that the user should know of."""
        _add(self.notes, sentence, logging.WARNING)

    def detail(self, sentence: str) -> None:
        """Record a change of form that keeps all values."""
        _add(self.details, sentence, logging.INFO)


def _add(sentences: list[str], sentence: str, level: int) -> None:
    if sentence not in sentences:
        sentences.append(sentence)
        logger.log(level, "%s", sentence)
