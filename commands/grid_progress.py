"""The progress of a grid: one line for each training that ends, on a terminal and in a log alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluate.grid.run import EndedCell


class GridProgress:
    """Print each training that ends, how much of the grid is done, and roughly how long the rest takes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` prints a line."""
        self._say = say
        self._started, self._ran = time.monotonic(), 0

    def on_ended(self, ended: EndedCell) -> None:
        """Print one line."""
        if not self._ran and not isinstance(ended.result, Exception):
            # Time before the first training, such as starting Ray, is spent once.
            self._started = time.monotonic() - ended.result.seconds
        self._ran += 1
        left = ended.total - ended.done
        each = (time.monotonic() - self._started) / self._ran
        width = len(str(ended.total))
        rest = f"; about {duration(each * left)} left" if left else ""
        self._say(f"[{ended.done:{width}}/{ended.total}] {_what(ended)}: {_outcome(ended)}{rest}")


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, in whole numbers."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


def _what(ended: EndedCell) -> str:
    facts, cell = ended.facts, ended.cell
    graph = "" if facts.condense_seed is None else f" (seed {facts.condense_seed})"
    task = f"seed {cell.seed}" if cell.tests else "choosing settings"
    return f"{cell.model} on {facts.method}{graph}, {task}"


def _outcome(ended: EndedCell) -> str:
    from evaluate.executors import reason

    if isinstance(ended.result, Exception):
        return f"FAILED, {reason(ended.result)}"
    if ended.row is None:
        return f"validation micro-F1 {ended.result.val_micro_f1:.3f}, {ended.result.seconds:.1f} s"
    return (
        f"micro-F1 {ended.row.micro_f1:.3f}, macro-F1 {ended.row.macro_f1:.3f}, "
        f"{ended.row.train_seconds:.1f} s"
    )
