"""What each training scored, and the file that keeps it, so that none is run twice."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.errors import FileError


@dataclass(frozen=True)
class Score:
    """One figure of one training.

    Attributes:
        cell: names the training, see `evaluate.cells`.
        dataset: its name.
        model: what the plan calls it.
        seed: of the training.
        metric: a name in `METRICS`.
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
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as stream:
            names = [f.name for f in dataclasses.fields(Score)]
            writer = csv.DictWriter(stream, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(dataclasses.asdict(score) for score in scores)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FileError(
            f"{path} cannot be written ({error.strerror}); choose another --out"
        ) from None


def read_scores(path: Path) -> list[Score]:
    """The scores of a file of `write_scores`.

    Raises:
        FileError: the file cannot be read, or is of another kind.
    """
    names = [f.name for f in dataclasses.fields(Score)]
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            if list(reader.fieldnames or ()) != names:
                raise ValueError("other columns")
            return [_score(record, reader.line_num) for record in reader]
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(
            f"{path} cannot be read as scores ({error}); delete it, or choose another --out"
        ) from None


def _score(record: dict[str, Any], line: int) -> Score:
    if None in record or None in record.values():
        raise ValueError(f"line {line} is of another length")
    numbers = {"seed": int(record["seed"])}
    numbers |= {name: float(record[name]) for name in ("value", "seconds")}
    return Score(**{**record, **numbers})
