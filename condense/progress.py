"""A run's progress on a terminal, or as a few lines in a log."""

from __future__ import annotations

import math
import time
from types import TracebackType

from rich import progress
from rich.console import Console

from condense.methods.protocol import Step

LOG_LINES = 10  # A log gets about this many lines a run.


class Progress:
    """Shows loss, conflict rate, energy, edge mass, density, validation score and the time left.

    On a terminal it is a bar; elsewhere a line every tenth of the run. A context manager whose
    `on_step` is what condensers call.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._console, self._title = console, title
        self._logged = 0
        self._first: tuple[int, float] | None = (
            None  # Preparation before the first step is not counted.
        )
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=20),
            progress.TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            progress.TextColumn("{task.fields[values]}"),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task: progress.TaskID | None = None

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def on_step(self, step: Step) -> None:
        """Show one step."""
        now = time.perf_counter()
        self._first = self._first or (step.index, now)
        said = "  ".join(_say(name, value) for name, value in step.values.items())
        if self._console.is_terminal:
            if self._task is None:
                self._task = self._bar.add_task(self._title, total=step.total, values="")
            self._bar.update(self._task, completed=step.index, values=said)
        elif step.index * LOG_LINES >= (self._logged + 1) * step.total:
            self._logged = step.index * LOG_LINES // step.total
            first, started = self._first
            left = ""
            if step.index > first:
                seconds = (now - started) / (step.index - first) * (step.total - step.index)
                left = f"  about {seconds:.0f} s left"
            self._console.print(f"{self._title}: step {step.index}/{step.total}  {said}{left}")


def _say(name: str, value: float) -> str:
    return f"{name.replace('_', ' ')} {'–' if math.isnan(value) else f'{value:.3g}'}"
