"""Architecture search with Ray Tune: Optuna proposes architectures, ASHA stops those that fall behind.

Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) draws each architecture where the
better ones among earlier trials were dense. ASHA (Li et al., MLSys 2020) compares trials at validated epochs
and continues the best third. A trial is one training on one thread, its score that of
`evaluate.search.trial`.

A sweep's state is kept in FOLDER/ray. After a kill the sweep resumes from it: trials that had ended are kept,
and those that were running start over. ASHA's comparisons are lost and start anew. A trial whose worker is
lost is run again wherever there is room.
"""

from __future__ import annotations

import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import torch
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from evaluate.distributed.journal import Journal, architecture_of
from evaluate.search.record import FAILED, TrialRow, claim, read_table
from evaluate.search.space import Space
from evaluate.search.trial import TrialData, run_trial
from evaluate.training.train import Check

# One trial in KEEP continues at each rung: ASHA's η; its paper, with more trials, takes 4.
KEEP = 3
RETRIES = 3  # Of a trial that is lost.
ROUNDS = 2
"""Trials that failed get another round: Ray gives a trial up when its lost worker owes two answers, of which
the second arrives while the trial already waits to be run again."""
ENVIRONMENT = {
    "TUNE_GLOBAL_CHECKPOINT_S": "1",  # Seconds of ended trials that a kill can cost.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # `Journal` keeps what is needed.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # Paths stay as they are.
    "RAY_AIR_NEW_OUTPUT": "0",  # No setting silences its banner.
}


@dataclass(frozen=True)
class DefineByRun:
    """A space as Optuna asks for it: a function of a trial that suggests what it needs, one after another."""

    space: Space

    def __call__(self, trial: Any) -> dict[str, Any]:
        """Suggest an architecture."""
        model = trial.suggest_categorical("model", list(self.space.families))
        family = self.space.families[model]
        settings = {
            k: trial.suggest_categorical(f"{model}.{k}", list(v))
            for k, v in family.settings.items()
        }
        # One parameter for all families that list the same values: what is learnt of it serves all.
        training = {
            k: trial.suggest_categorical(f"{k} of {v}", list(v)) for k, v in family.training.items()
        }
        return {"model": model, "settings": settings, "training": training}


def train_architecture(
    config: dict[str, Any], data: TrialData, epochs: int, check_every: int, seed: int
) -> None:
    """Run a trial in a worker process."""
    torch.set_num_threads(1)

    def report(check: Check) -> None:
        tune.report({
            "score": check.best,
            "epoch": check.epoch,
            "train_seconds": check.train_seconds,
            "validate_seconds": check.validate_seconds,
        })  # fmt: skip

    run_trial(data, architecture_of(config), epochs, check_every, seed, report)


def folder_of(trial: Any) -> str:
    """A short name for what Ray keeps of a trial; its own is made of all settings."""
    return str(trial.trial_id)


def sweep(
    data: TrialData, space: Space, samples: int, seed: int, folder: Path, jobs: int | None
) -> list[TrialRow]:
    """Run a sweep, or resume an earlier one in `folder`. Ray must be connected.

    Args:
        data: the graphs to train and validate on.
        space: the architectures and the epochs of a trial.
        samples: number of trials.
        seed: seed of Optuna's draws and of every training. With one job it determines the trials; with
            more, they also depend on which trial ends first.
        folder: folder of the search.
        jobs: trials at a time; None for as many as Ray has CPUs.

    Raises:
        UserError: the folder holds another sweep, or this one and was moved.
    """
    folder = folder.resolve()
    claim(folder / "sweep.json", {"samples": samples, "folder": str(folder)})
    done = read_table(folder / "trials.csv", TrialRow)
    if len(done) >= samples and all(row.status != FAILED for row in done):
        return done
    os.environ.update(ENVIRONMENT)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        # A trial that runs again reports what Optuna knows of it.
        warnings.filterwarnings("ignore", "The reported value is ignored")
        for _ in range(ROUNDS):
            _tuner(data, space, samples, seed, folder, jobs).fit()
            done = read_table(folder / "trials.csv", TrialRow)
            if all(row.status != FAILED for row in done):
                break
    return done


def _tuner(
    data: TrialData, space: Space, samples: int, seed: int, folder: Path, jobs: int | None
) -> tune.Tuner:
    """A new tuner, or the one whose state is in the folder."""
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
    state = folder / "ray"
    if tune.Tuner.can_restore(state) and list(state.glob("experiment_state-*.json")):
        return tune.Tuner.restore(str(state), trial, resume_unfinished=True, restart_errored=True)
    shutil.rmtree(state, ignore_errors=True)  # Killed before there was a state to resume.
    return tune.Tuner(
        trial,
        tune_config=tune.TuneConfig(
            metric="score",
            mode="max",
            num_samples=samples,
            max_concurrent_trials=jobs,
            trial_dirname_creator=folder_of,
            reuse_actors=True,  # A new process for each trial would import torch again.
            search_alg=OptunaSearch(DefineByRun(space), metric="score", mode="max", seed=seed),
            scheduler=ASHAScheduler(
                time_attr="epoch",
                max_t=space.epochs,
                grace_period=min(space.check_every, space.epochs),
                reduction_factor=KEEP,
            ),
        ),
        run_config=tune.RunConfig(
            name=state.name,
            storage_path=str(folder),
            failure_config=tune.FailureConfig(max_failures=RETRIES),
            callbacks=[Journal(folder, samples, space.epochs)],
            verbose=0,
        ),
    )
