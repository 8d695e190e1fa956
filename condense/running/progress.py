"""Shows a run's progress: a bar on a terminal, plain lines in a log file."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from rich import progress
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from condense.running.steps import Step

LOG_LINES = 10  # A log gets about this many lines per run …
LOG_SECONDS = 60.0  # … and at least one line in this time.


class Progress:
    """Shows the stage, the steps, the reported values (loss, energy, …) and the time left.

    On a terminal it draws a bar. Elsewhere, as in a log file, it prints one line per stage and, during the
    steps, one line every tenth of the run and every minute, without control characters. Use it as a context
    manager and pass its `on_stage` and `on_step` to `condense.run.condense`.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._console, self._title, self._stage = console, title, ""
        self._logged, self._begun = 0, time.perf_counter()
        self._logged_at = self._begun
        # The time left is estimated from the steps alone, without the preparation before them.
        self._first: tuple[int, float] | None = None
        self._bar = _Bar(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=20),
            progress.TextColumn("{task.fields[done]}"),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(title, total=None, done="", values="")

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
        if self._console.is_terminal:
            self._bar.stop()

    def on_stage(self, name: str) -> None:
        """Show that a stage begins."""
        self._stage = name
        if self._console.is_terminal:
            self._bar.update(self._task, description=f"{self._title}: {name}")
        else:
            self._log("")

    def on_step(self, step: Step) -> None:
        """Show one step."""
        now = time.perf_counter()
        self._first = self._first or (step.index, now)
        values = "  ".join(_formatted(name, value) for name, value in step.values.items())
        done = f"{step.index}/{step.total}"
        if self._console.is_terminal:
            self._bar.update(
                self._task, completed=step.index, total=step.total, done=done, values=values
            )
        elif (
            step.index * LOG_LINES >= (self._logged + 1) * step.total
            or now - self._logged_at >= LOG_SECONDS
        ):
            self._logged = step.index * LOG_LINES // step.total
            first, started = self._first
            left = ""
            if first < step.index < step.total:
                seconds = (now - started) / (step.index - first) * (step.total - step.index)
                left = f"  about {span(seconds)} left"
            self._log(f"  step {done}  {values}{left}")

    def _log(self, text: str) -> None:
        """Print one line: elapsed time, title, stage and `text`."""
        self._logged_at = time.perf_counter()
        elapsed = timedelta(seconds=int(self._logged_at - self._begun))
        stage = f": {self._stage}" if self._stage else ""
        self._console.print(f"{elapsed} {self._title}{stage}{text}", markup=False)


class _Bar(progress.Progress):
    """A bar with its values on lines of their own, so that none is cut off on a narrow terminal."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, and the values below it."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            if task.fields["values"]:
                yield Padding(Text(task.fields["values"]), (0, 0, 0, 2))


def span(seconds: float) -> str:
    """A human-readable duration: 7.3 s, 42 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _formatted(name: str, value: float) -> str:
    return f"{name.replace('_', ' ')} {'–' if math.isnan(value) else f'{value:.3g}'}"
