"""The files in a search's folder. Each is replaced atomically, so that a kill loses no finished training.

plan.json      the search that the folder belongs to; another search is refused
trials.csv     the search's trials, `TrialRow`
top.csv        the best, retrained on the whole graph and tested once, `evaluate.results.rows.Row`
sides.csv      single trainings of a verification, `SideRow`
verify.csv     the same trainings, one line per architecture, `VerifyRow`
search.json    the result
run.json       command, arguments, versions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from condense.errors import UserError
from condense.running.identity import difference
from evaluate.results.json_files import read_json, write_json
from evaluate.results.records import read_records
from evaluate.results.values import Amount, AmountOrNaN, Count, Score, ScoreOrNaN, Seed

T = TypeVar("T")

FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"
"""How a trial ended: after all epochs; early, because others were better; with an error."""


@dataclass(frozen=True)
class TrialRow:
    """One architecture of the search.

    Attributes:
        trial: its number, counted from 1 in the order in which trials began.
        model: a name in `MODELS`.
        settings: `Architecture.text`.
        score: the best micro-F1 on the whole graph's validation nodes; NaN for a failed trial.
        epochs: number of epochs that it was trained.
        train_seconds: optimisation alone.
        status: FINISHED, STOPPED or FAILED.
        reason: why it failed; empty for others, and in older files.
    """

    trial: Count
    model: str
    settings: str
    score: ScoreOrNaN
    epochs: Count
    train_seconds: Amount
    status: str
    reason: str = ""


@dataclass(frozen=True)
class SideRow:
    """One architecture trained on one side of a verification.

    Attributes:
        side: "condensed", "whole", "subgraph" or "short".
        nodes: target nodes trained on.
        epochs: number of epochs that it was trained.
        check_every: epochs between validations.
        seed: seed of the training.
        model: a name in `MODELS`.
        settings: `Architecture.text`.
        val: the best micro-F1 on the whole graph's validation nodes.
        test: micro-F1 on its test nodes for models trained on the whole graph; else NaN.
        train_seconds: optimisation alone.
        validate_seconds: all validations.
        test_labels: `EvaluationTask.test_digest` of `test`; empty without a test, and in older files.
    """

    side: str
    nodes: Count
    epochs: Count
    check_every: Count
    seed: Seed
    model: str
    settings: str
    val: Score
    test: ScoreOrNaN
    train_seconds: Amount
    validate_seconds: Amount
    test_labels: str = ""

    @property
    def seconds(self) -> float:
        """Seconds of training and validation."""
        return self.train_seconds + self.validate_seconds


@dataclass(frozen=True)
class VerifyRow:
    """One architecture on all sides: validation scores, and seconds of training and validation together.

    Values of sides that were not trained are NaN, empty fields in the file.
    """

    model: str
    settings: str
    whole_val: ScoreOrNaN
    whole_test: ScoreOrNaN
    whole_seconds: AmountOrNaN
    condensed_val: ScoreOrNaN
    condensed_seconds: AmountOrNaN
    subgraph_val: ScoreOrNaN
    subgraph_seconds: AmountOrNaN
    short_val: ScoreOrNaN
    short_seconds: AmountOrNaN


def read_table(path: Path, kind: type[T]) -> list[T]:
    """The rows in a file written by `write_records`; empty if there is no file.

    Raises:
        FileError: the file cannot be read, or holds something else.
    """
    remedy = "delete it, or choose another --out"
    return read_records(path, kind, "a search's rows", remedy) if path.exists() else []


def claim(path: Path, plan: Mapping[str, Any]) -> None:
    """Make `path` the plan of its folder, or check that the plan there is the same.

    Args:
        path: path of the plan's file.
        plan: what must be equal for the folder's search to be resumed, in JSON's types.

    Raises:
        UserError: the folder holds another search.
        FileError: the file cannot be read or written.
    """
    before = read_json(path)
    if before and (key := difference(before, plan) or difference(plan, before)):
        raise UserError(
            f"out (got {path.parent}) holds another search, which differs in {key}; "
            "repeat its command to resume it, or choose another --out"
        )
    if not before:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, plan)
