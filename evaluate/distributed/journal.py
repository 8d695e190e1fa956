"""What a sweep records while it runs: for each trial a row and a line in the log."""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import Any

from ray import tune

from evaluate.results.json_files import read_json, write_json
from evaluate.results.records import write_records
from evaluate.search.architecture import Architecture
from evaluate.search.record import FAILED, FINISHED, STOPPED, TrialRow, read_table

logger = logging.getLogger(__name__)


class Journal(tune.Callback):
    """Keeps trials.csv and clock.json, the seconds of all parts of a sweep together.

    Ray keeps it, too, beside the search's own state, so it knows its folder's path and nothing that lives.

    Args:
        folder: of the search.
        samples: trials in all.
        epochs: of a trial that is not stopped.
    """

    def __init__(self, folder: Path, samples: int, epochs: int) -> None:
        self.folder, self.samples, self.epochs = folder, samples, epochs
        self.started: float | None = None
        self.before = 0.0

    def setup(self, **info: Any) -> None:
        """Called by Ray before the first trial, and again after a restoration."""
        self.started = time.monotonic()
        self.before = float(read_json(self.folder / "clock.json").get("seconds", 0.0))

    def on_trial_complete(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Record a trial that has ended after all epochs or was stopped."""
        epochs = int(trial.last_result.get("epoch", 0))
        self._keep(trial, FINISHED if epochs >= self.epochs else STOPPED)

    def on_trial_recover(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Log that a trial was lost, with its worker or by an error, and will be run again."""
        logger.warning("trial %d is lost and will be run again", number_of(trial))

    def on_trial_error(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        """Record a trial that has failed too often."""
        self._keep(trial, FAILED)

    def _keep(self, trial: Any, status: str) -> None:
        result, number = trial.last_result or {}, number_of(trial)
        architecture = architecture_of(trial.config)
        score = math.nan if status == FAILED else float(result["score"])
        row = TrialRow(
            number, *architecture.key, score, int(result.get("epoch", 0)),
            float(result.get("train_seconds", 0.0)), status,
        )  # fmt: skip
        path = self.folder / "trials.csv"
        known = {r.trial: r for r in read_table(path, TrialRow)} | {number: row}
        write_records(path, TrialRow, [known[n] for n in sorted(known)])
        spent = self.before + time.monotonic() - (self.started or time.monotonic())
        write_json(self.folder / "clock.json", {"seconds": spent})
        best = max((r.score for r in known.values() if not math.isnan(r.score)), default=math.nan)
        logger.info(
            "trial %d, %d of %d done: %s %s: micro-F1 %.3f after %d epochs, %s; best %.3f; %.0f s",
            number, len(known), self.samples, row.model, row.settings, score, row.epochs, status, best, spent,
        )  # fmt: skip


def number_of(trial: Any) -> int:
    """A trial's number, from 1: Ray's tag begins with it; Ray's list changes its order on restoring."""
    return int(trial.experiment_tag.partition("_")[0])


def architecture_of(config: dict[str, Any]) -> Architecture:
    """The architecture in a trial's configuration, see `evaluate.distributed.tune.DefineByRun`."""
    return Architecture(config["model"], config["settings"], config["training"])
