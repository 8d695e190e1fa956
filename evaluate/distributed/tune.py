"""Architecture search with Ray Tune: Optuna proposes architectures, ASHA stops those that fall behind.

Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) draws each architecture where the
better ones among earlier trials were dense. ASHA (Li et al., MLSys 2020) compares trials at validated epochs
and continues the best third. A trial is one training on one thread, its score that of
`evaluate.search.trial`.

A sweep's only state is trials.csv, see `evaluate.search.record`. After a kill the sweep resumes from it:
trials that had ended are kept and told to Optuna, and those that were running start over. ASHA's comparisons
start anew. A trial whose worker is lost is run again wherever there is room; one that fails for a reason of its
own is recorded with that reason.
"""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import torch
from ray import tune
from ray.tune.schedulers import ASHAScheduler

from condense.errors import UserError
from evaluate.distributed.journal import REASON, Journal
from evaluate.distributed.proposals import architecture_of, proposals
from evaluate.executors import reason
from evaluate.search.record import (
    FAILED,
    FINISHED,
    RUNNING,
    STOPPED,
    TrialRow,
    claim,
    read_table,
)
from evaluate.search.space import Space
from evaluate.search.trial import TrialData, run_trial
from evaluate.training.train import Check

logger = logging.getLogger(__name__)

# One trial in KEEP continues at each rung: ASHA's η; its paper, with more trials, takes 4.
KEEP = 3
RETRIES = 3  # Of a trial that is lost.
ROUNDS = 2
"""Lost trials get another round: Ray gives a trial up when its lost worker owes two answers, of which the
second arrives while the trial already waits to be run again."""
ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # `Journal` keeps what is needed.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # Paths stay as they are.
    "RAY_AIR_NEW_OUTPUT": "0",  # No setting silences its banner.
}


def train_architecture(
    config: dict[str, Any], data: TrialData, epochs: int, check_every: int, seed: int
) -> None:
    """Run a trial in a worker process; an error of its own is reported, and ends no other trial."""
    torch.set_num_threads(1)
    last = {"score": math.nan, "epoch": 0, "train_seconds": 0.0, "validate_seconds": 0.0}

    def report(check: Check) -> None:
        last.update(
            score=check.best,
            epoch=check.epoch,
            train_seconds=check.train_seconds,
            validate_seconds=check.validate_seconds,
        )
        if not math.isfinite(check.best):
            raise UserError(f"its score is {check.best} after epoch {check.epoch}")
        tune.report(dict(last))

    try:
        run_trial(data, architecture_of(config), epochs, check_every, seed, report)
    except Exception as error:
        tune.report({**last, "score": math.nan, REASON: reason(error)})


def folder_of(trial: Any) -> str:
    """A short name for what Ray keeps of a trial; its own is made of all settings."""
    return str(trial.trial_id)


def sweep(
    data: TrialData, space: Space, samples: int, seed: int, folder: Path, jobs: int | None
) -> list[TrialRow]:
    """Run a sweep, or what is missing of an earlier one in `folder`. Ray must be connected.

    Args:
        data: the graphs to train and validate on.
        space: the architectures and the epochs of a trial.
        samples: number of trials.
        seed: seed of Optuna's draws and of every training. With one job it determines the trials of a sweep
            that is not interrupted; with more, they also depend on which trial ends first.
        folder: folder of the search.
        jobs: trials at a time; None for as many as Ray has CPUs.

    Returns:
        A row for each trial, failed ones included.

    Raises:
        UserError: the folder holds another sweep, trials are missing at the end, or all failed.
    """
    folder = folder.resolve()
    claim(folder / "sweep.json", {"samples": samples}, ignored=("folder",))
    if (folder / "ray").exists():
        logger.info(
            "%s, state of an earlier version, is not read; you may delete it", folder / "ray"
        )
    os.environ.update(ENVIRONMENT)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rows = _rows(folder, samples)
    for _ in range(ROUNDS):
        if sum(row.ended for row in rows) == samples:
            break
        _run_missing(data, space, samples, seed, folder, jobs, rows)
        rows = _rows(folder, samples)
    if len(rows) < samples or any(row.status == RUNNING for row in rows):
        raise UserError(
            f"samples (got {samples}): only {sum(row.ended for row in rows)} trials ended; "
            "repeat the command to run the others"
        )
    if all(row.status == FAILED for row in rows):
        why, count = Counter(row.reason for row in rows).most_common(1)[0]
        raise UserError(
            f"all {samples} trials failed, {count} of them so: {why}; see {folder}/trials.csv"
        )
    return rows


def _rows(folder: Path, samples: int) -> list[TrialRow]:
    """The rows of trials.csv.

    Raises:
        UserError: a trial's number or status is none of this sweep's.
    """
    path = folder / "trials.csv"
    rows = read_table(path, TrialRow)
    for row in rows:
        if not 1 <= row.trial <= samples or row.status not in (FINISHED, STOPPED, FAILED, RUNNING):
            raise UserError(
                f"{path}: trial {row.trial} (got status {row.status!r}) must be 1 … {samples} and have ended "
                "in a known way; delete that line, or choose another --out"
            )
    return rows


def _run_missing(
    data: TrialData,
    space: Space,
    samples: int,
    seed: int,
    folder: Path,
    jobs: int | None,
    rows: Sequence[TrialRow],
) -> None:
    """Run the trials that have not ended: first those that had begun, with their architectures."""
    ended = [row for row in rows if row.ended]
    again = [row for row in rows if not row.ended]
    known = {row.trial for row in rows}
    numbers = [row.trial for row in again] + [n for n in range(1, samples + 1) if n not in known]
    trial = tune.with_resources(
        tune.with_parameters(
            train_architecture,
            data=data,
            epochs=space.epochs,
            check_every=space.check_every,
            seed=seed,
        ),
        {"cpu": 1},
    )
    # What Ray writes is never read again: it would be read by running it.
    with tempfile.TemporaryDirectory(prefix="sweep-") as scratch:
        tune.Tuner(
            trial,
            tune_config=tune.TuneConfig(
                metric="score",
                mode="max",
                num_samples=len(numbers),
                max_concurrent_trials=jobs,
                trial_dirname_creator=folder_of,
                reuse_actors=True,  # A new process for each trial would import torch again.
                search_alg=proposals(space, seed, ended, again),
                scheduler=ASHAScheduler(
                    time_attr="epoch",
                    max_t=space.epochs,
                    grace_period=min(space.check_every, space.epochs),
                    reduction_factor=KEEP,
                ),
            ),
            run_config=tune.RunConfig(
                name="ray",
                storage_path=scratch,
                failure_config=tune.FailureConfig(max_failures=RETRIES),
                callbacks=[Journal(folder, numbers, samples, space.epochs)],
                verbose=0,
            ),
        ).fit()
