"""What a sweep records while it runs: for each trial a row and a line in the log."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ray import tune

from evaluate.distributed.proposals import architecture_of
from evaluate.results.json_files import read_json, write_json
from evaluate.results.records import write_records
from evaluate.search.record import (
    FAILED,
    FINISHED,
    LOST,
    RUNNING,
    STOPPED,
    TrialRow,
    read_table,
)

logger = logging.getLogger(__name__)

REASON = "reason"
"""What a trial that fails for a reason of its own reports it as."""


class Journal(tune.Callback):
    """Keeps trials.csv and clock.json, the seconds of all parts of a sweep together.

    Args:
        folder: of the search.
        numbers: of this part's trials, in the order in which they begin.
        samples: trials in all.
        epochs: of a trial that is not stopped.
    """

    def __init__(self, folder: Path, numbers: Sequence[int], samples: int, epochs: int) -> None:
        self.folder, self.numbers = folder, tuple(numbers)
        self.samples, self.epochs = samples, epochs
        self.started = time.monotonic()
        self.before = float(read_json(folder / "clock.json").get("seconds", 0.0))

    def number(self, trial: Any) -> int:
        """A trial's number; Ray's tag begins with its place among this part's trials, from 1."""
        return self.numbers[int(trial.experiment_tag.partition("_")[0]) - 1]

    def on_trial_start(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Record that a trial begins, so that it begins again if this part does not see its end."""
        self._keep(self._row(trial, RUNNING))

    def on_trial_complete(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Record a trial that has ended, was stopped, or failed for a reason of its own."""
        if why := trial.last_result.get(REASON, ""):
            status = FAILED
        else:
            done = int(trial.last_result.get("epoch", 0)) >= self.epochs
            status = FINISHED if done else STOPPED
        row = self._row(trial, status, why)
        self._log(row, self._keep(row))

    def on_trial_recover(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Log that a trial was lost with its worker, and will be run again."""
        logger.warning("trial %d is lost and will be run again", self.number(trial))

    def on_trial_error(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Record a trial whose workers died too often."""
        row = self._row(trial, FAILED, f"{LOST}its worker died, for example for want of memory")
        self._log(row, self._keep(row))

    def _row(self, trial: Any, status: str, why: str = "") -> TrialRow:
        result = trial.last_result or {}
        well = status in (FINISHED, STOPPED)
        return TrialRow(
            self.number(trial),
            *architecture_of(trial.config).key,
            float(result["score"]) if well else math.nan,
            0 if status == RUNNING else int(result.get("epoch", 0)),
            0.0 if status == RUNNING else float(result.get("train_seconds", 0.0)),
            status,
            why,
        )

    def _keep(self, row: TrialRow) -> list[TrialRow]:
        """Write the row in place of an earlier one with its number, and return all."""
        path = self.folder / "trials.csv"
        known = {r.trial: r for r in read_table(path, TrialRow)} | {row.trial: row}
        rows = [known[number] for number in sorted(known)]
        write_records(path, TrialRow, rows)
        write_json(self.folder / "clock.json", {"seconds": self._seconds()})
        return rows

    def _seconds(self) -> float:
        return self.before + time.monotonic() - self.started

    def _log(self, row: TrialRow, rows: Sequence[TrialRow]) -> None:
        best = max((r.score for r in rows if not math.isnan(r.score)), default=math.nan)
        logger.info(
            "trial %d, %d of %d done: %s %s: micro-F1 %.3f after %d epochs, %s; best %.3f; %.0f s",
            row.trial, sum(r.ended for r in rows), self.samples, row.model, row.settings, row.score,
            row.epochs, f"{row.status}, {row.reason}" if row.reason else row.status, best,
            self._seconds(),
        )  # fmt: skip
