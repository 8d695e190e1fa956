"""Architecture search with Ray Tune: Optuna proposes architectures, ASHA stops those that fall behind.

Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) draws each architecture where the
better ones among earlier trials were dense. ASHA (Li et al., MLSys 2020) compares trials at validated epochs
and continues the best third. A trial is one training on one thread, its score that of
`evaluate.search.trial`.

A sweep's only state is trials.csv. After a kill the sweep reads it, replays it to a new sampler
(`evaluate.distributed.proposals`) and runs the trials that have no row; ASHA compares these among themselves.
What Ray stores goes to a temporary folder and is never read back, since reading its pickles would run
whatever somebody wrote into them. A trial that fails by an error of its own is recorded with its reason and
not repeated; one whose worker is lost is run again wherever there is room.
"""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import Searcher

from condense.errors import UserError
from evaluate.distributed.journal import LOST, Journal, architecture_of, logger
from evaluate.distributed.proposals import Proposal, Proposals
from evaluate.executors import reason
from evaluate.results.json_files import read_json
from evaluate.search.kept_trials import missing, read_trials, spent_seconds
from evaluate.search.record import FAILED, TrialRow, claim
from evaluate.search.space import Space
from evaluate.search.trial import TrialData, run_trial
from evaluate.training.train import Check

# One trial in KEEP continues at each rung: ASHA's η; its paper, with more trials, takes 4.
KEEP = 3
RETRIES = 3  # Of a trial that is lost.
ROUNDS = 2
"""Trials that were lost get another round: Ray gives a trial up when its lost worker owes two answers, of
which the second arrives while the trial already waits to be run again."""
ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # `Journal` keeps what is needed.
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # A failed trial reports no score.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # Paths stay as they are.
    "RAY_AIR_NEW_OUTPUT": "0",  # No setting silences its banner.
}


class Proposer(Searcher):
    """`Proposals` as Ray asks for them. Ray may store it, but it restores nothing."""

    def __init__(self, proposals: Proposals) -> None:
        super().__init__(metric="score", mode="max")
        self._proposals = proposals
        self._open: dict[str, Proposal] = {}

    def suggest(self, trial_id: str) -> Any:
        """The configuration of a new trial."""
        proposal = self._proposals.next()
        if proposal is None:
            return Searcher.FINISHED
        self._open[trial_id] = proposal
        one = proposal.architecture
        return {
            "number": proposal.number,
            "model": one.model,
            "settings": dict(one.settings),
            "training": dict(one.training),
        }

    def on_trial_complete(
        self, trial_id: str, result: dict | None = None, error: bool = False
    ) -> None:
        """Tell the sampler the score of a trial that has ended."""
        proposal, ended = self._open.pop(trial_id, None), result or {}
        if proposal is not None:
            failed = error or "reason" in ended
            score = math.nan if failed else float(ended.get("score", math.nan))
            self._proposals.tell(proposal, score)

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Store nothing."""


def train_architecture(
    config: dict[str, Any], data: TrialData, epochs: int, check_every: int, seed: int
) -> None:
    """Run a trial in a worker process; an error of its own is reported as its result."""
    torch.set_num_threads(1)
    last = {"epoch": 0, "train_seconds": 0.0}

    def report(check: Check) -> None:
        last.update(epoch=check.epoch, train_seconds=check.train_seconds)
        tune.report({**last, "score": check.best, "validate_seconds": check.validate_seconds})

    try:
        run_trial(data, architecture_of(config), epochs, check_every, seed, report)
    except Exception as error:
        tune.report({**last, "reason": reason(error)})


def folder_of(trial: Any) -> str:
    """A short name for what Ray keeps of a trial; its own is made of all settings."""
    return str(trial.trial_id)


def sweep(
    data: TrialData, space: Space, samples: int, seed: int, folder: Path, jobs: int | None
) -> list[TrialRow]:
    """Run a sweep, or the trials that an earlier one in `folder` has not run. Ray must be connected.

    Failed trials of an earlier sweep are tried once more.

    Args:
        data: the graphs to train and validate on.
        space: the architectures and the epochs of a trial.
        samples: number of trials.
        seed: seed of Optuna's draws and of every training. With one job it determines the trials; with
            more, they also depend on which trial ends first.
        folder: folder of the search.
        jobs: trials at a time; None for as many as Ray has CPUs.

    Returns:
        One row for each of `samples` trials.

    Raises:
        UserError: the folder holds another sweep; trials are missing at the end.
        FileError: a file of the folder holds something else, or cannot be written.
    """
    before = read_json(folder / "sweep.json")
    # Earlier versions could not resume a folder that was moved, and noted where it was.
    claim(
        folder / "sweep.json",
        {"samples": samples} | {k: before[k] for k in before if k == "folder"},
    )
    if (folder / "ray").exists():
        logger.warning(
            "%s is an earlier version's state; it is not read, delete it", folder / "ray"
        )
    path = folder / "trials.csv"
    rows = read_trials(path, space, samples)
    again = [row.trial for row in rows if row.status == FAILED]
    os.environ.update(ENVIRONMENT)
    for _ in range(ROUNDS):
        numbers = sorted([*again, *missing(rows, samples)])
        if not numbers:
            break
        proposals = Proposals(space, seed, rows, numbers)
        journal = Journal(folder, samples, space.epochs, spent_seconds(folder / "clock.json"))
        _fit(data, space, seed, Proposer(proposals), journal, len(numbers), jobs)
        rows = read_trials(path, space, samples)
        again = [row.trial for row in rows if row.reason.startswith(LOST)]
    if absent := missing(rows, samples):
        raise UserError(
            f"{path} has {len(rows)} of {samples} trials, the first that is missing is {absent[0]}; "
            "repeat the command to run what is missing"
        )
    return rows


def _fit(
    data: TrialData,
    space: Space,
    seed: int,
    proposer: Proposer,
    journal: Journal,
    count: int,
    jobs: int | None,
) -> None:
    """Run `count` trials."""
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
    with tempfile.TemporaryDirectory(prefix="search-", ignore_cleanup_errors=True) as scratch:
        tune.Tuner(
            trial,
            tune_config=tune.TuneConfig(
                metric="score",
                mode="max",
                num_samples=count,
                max_concurrent_trials=jobs,
                trial_dirname_creator=folder_of,
                reuse_actors=True,  # A new process for each trial would import torch again.
                search_alg=proposer,
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
                callbacks=[journal],
                verbose=0,
            ),
        ).fit()
