"""The record of what a conversion changed."""

from __future__ import annotations

import logging

logger = logging.getLogger("condense.data.from_pyg")


class Changes(list[str]):
    """Sentences about what was changed, in order; each is logged once as a warning.

    A change of type or layout alone keeps all values, and is only logged as information.
    """

    def note(self, sentence: str) -> None:
        """Record a choice or a loss that the user should know of."""
        self._add(sentence, logging.WARNING)

    def detail(self, sentence: str) -> None:
        """Record a change of form that keeps all values."""
        self._add(sentence, logging.INFO)

    def _add(self, sentence: str, level: int) -> None:
        if sentence not in self:
            self.append(sentence)
            logger.log(level, "%s", sentence)
