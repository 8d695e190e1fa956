"""The scores of trainings, stored in a file so that no training is run twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from condense.io.replace import check_target
from evaluate.results.record_store import RecordStore
from evaluate.results.records import read_records
from evaluate.results.values import UNDEFINED, Amount, Seed

REMEDY = "delete it, or choose another --out"


@dataclass(frozen=True)
class Score:
    """One figure of one training.

    Attributes:
        cell: name of the training, see `evaluate.grid.cell`.
        dataset: its name.
        model: the plan's name of it.
        seed: seed of the training.
        metric: as `Published` names it, or "val_micro_f1".
        value: on test nodes, in 0 … 1 (ARI may be below 0); NaN where it is undefined.
        seconds: seconds of optimisation.
    """

    cell: str
    dataset: str
    model: str
    seed: Seed
    metric: str
    value: Annotated[float, Field(ge=-1, le=1), UNDEFINED]
    seconds: Amount


def score_store(path: Path | None = None) -> RecordStore[Score]:
    """The scores of a plan by `cell`, kept in a file, or in memory only.

    Raises:
        FileError: the file holds something else, or could not be written.
    """
    if path is not None:
        check_target(path)
    return RecordStore(Score, lambda score: score.cell, path, "scores", REMEDY)


def read_scores(path: Path) -> list[Score]:
    """The scores in a file of `score_store`.

    Raises:
        FileError: the file cannot be read, or holds something else.
    """
    return read_records(path, Score, "scores", REMEDY)
