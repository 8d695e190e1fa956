"""What each training scored, and the file that keeps it, so that none is run twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evaluate.results.records import read_records, write_records


@dataclass(frozen=True)
class Score:
    """One figure of one training.

    Attributes:
        cell: names the training, see `evaluate.grid.cell`.
        dataset: its name.
        model: what the plan calls it.
        seed: of the training.
        metric: as `Published` names it, or "val_micro_f1".
        value: on test nodes, in 0 … 1 (ARI may be below 0).
        seconds: of optimisation.
    """

    cell: str
    dataset: str
    model: str
    seed: int
    metric: str
    value: float
    seconds: float


def write_scores(path: Path, scores: Iterable[Score]) -> None:
    """Write `scores` as CSV, replacing the file only when it is complete.

    Raises:
        FileError: the file cannot be written.
    """
    write_records(path, Score, scores)


def read_scores(path: Path) -> list[Score]:
    """The scores of a file of `write_scores`.

    Raises:
        FileError: the file cannot be read, or is of another kind.
    """
    return read_records(path, Score, "scores", "delete it, or choose another --out")
