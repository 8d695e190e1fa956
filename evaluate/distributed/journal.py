"""What a sweep records while it runs: for each trial a row and a line in the log."""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import Any

from ray import tune

from evaluate.results.json_files import write_json
from evaluate.results.records import write_records
from evaluate.search.architecture import Architecture
from evaluate.search.record import FAILED, FINISHED, STOPPED, TrialRow, read_table

logger = logging.getLogger(__name__)

LOST = "its process was lost"
"""How the reason of a trial begins that did not fail by itself."""


class Journal(tune.Callback):
    """Keeps trials.csv and clock.json, the seconds of all parts of a sweep together.

    Args:
        folder: of the search.
        samples: trials in all.
        epochs: of a trial that is not stopped.
        before: seconds of earlier parts of the sweep.
    """

    def __init__(self, folder: Path, samples: int, epochs: int, before: float) -> None:
        self.folder, self.samples, self.epochs, self.before = folder, samples, epochs, before
        self.started: float | None = None

    def setup(self, **info: Any) -> None:
        """Called by Ray before the first trial."""
        self.started = time.monotonic()

    def on_trial_complete(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Record a trial that ended after all epochs, was stopped, or reported why it failed."""
        result = trial.last_result or {}
        if "reason" in result or "score" not in result:
            self._keep(trial, FAILED, str(result.get("reason", "it reported no score")))
        else:
            finished = int(result.get("epoch", 0)) >= self.epochs
            self._keep(trial, FINISHED if finished else STOPPED)

    def on_trial_recover(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Log that a trial was lost with its worker, and will be run again."""
        logger.warning("trial %d is lost and will be run again", number_of(trial))

    def on_trial_error(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Record a trial that was lost too often."""
        times = max(1, trial.num_failures)
        self._keep(
            trial, FAILED,
            f"{LOST}, {times} time{'s' * (times > 1)}: memory ran out (give fewer --jobs), or a machine",
        )  # fmt: skip

    def _keep(self, trial: Any, status: str, reason: str = "") -> None:
        result, number = trial.last_result or {}, number_of(trial)
        architecture = architecture_of(trial.config)
        score = math.nan if status == FAILED else float(result["score"])
        row = TrialRow(
            number, *architecture.key, score, int(result.get("epoch", 0)),
            float(result.get("train_seconds", 0.0)), status, reason,
        )  # fmt: skip
        path = self.folder / "trials.csv"
        known = {r.trial: r for r in read_table(path, TrialRow)} | {number: row}
        write_records(path, TrialRow, [known[n] for n in sorted(known)])
        spent = self.before + time.monotonic() - (self.started or time.monotonic())
        write_json(self.folder / "clock.json", {"seconds": spent})
        best = max((r.score for r in known.values() if not math.isnan(r.score)), default=math.nan)
        ended = f"{status} ({reason})" if reason else status
        logger.info(
            "trial %d, %d of %d done: %s %s: micro-F1 %.3f after %d epochs, %s; best %.3f; %.0f s",
            number, len(known), self.samples, row.model, row.settings, score, row.epochs, ended, best, spent,
        )  # fmt: skip


def number_of(trial: Any) -> int:
    """A trial's number, from 1."""
    return int(trial.config["number"])


def architecture_of(config: dict[str, Any]) -> Architecture:
    """The architecture in a trial's configuration, see `evaluate.distributed.tune.Proposer`."""
    return Architecture(config["model"], config["settings"], config["training"])
