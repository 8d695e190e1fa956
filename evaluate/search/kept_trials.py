"""The trials of a search that its folder keeps: which are known, which are to be run, why some failed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from condense.errors import FileError, UserError
from evaluate.results.json_files import read_json
from evaluate.search.record import FAILED, FINISHED, STOPPED, TrialRow, read_table
from evaluate.search.space import Space
from models.choices import UnknownChoiceError

REMEDY = "correct or delete the line, or choose another --out"
SHOWN = 160  # Characters of a reason in a summary.


def read_trials(path: Path, space: Space, samples: int) -> list[TrialRow]:
    """The rows of trials.csv by number, checked against the search; empty if there is no file.

    Args:
        path: of the file.
        space: that architectures come from.
        samples: number of trials; theirs are 1 … samples.

    Raises:
        FileError: the file cannot be read, or a row is not one of this search.
    """
    rows = read_table(path, TrialRow)
    for row, count in Counter(row.trial for row in rows).items():
        if count > 1:
            raise FileError(f"{path} has trial {row} more than once; {REMEDY}")
    for row in rows:
        if problem := _problem(row, space, samples):
            raise FileError(f"{path}, trial {row.trial}: {problem}; {REMEDY}")
    return sorted(rows, key=lambda row: row.trial)


def _problem(row: TrialRow, space: Space, samples: int) -> str:
    """What makes a row none of this search; "" if nothing does."""
    if not 1 <= row.trial <= samples:
        return f"its number must be 1 … {samples}, the search's --samples"
    if row.status not in (FINISHED, STOPPED, FAILED):
        return f"status (got {row.status!r}) must be {FINISHED}, {STOPPED} or {FAILED}"
    if (row.status == FAILED) is not math.isnan(row.score):
        return f"score (got {row.score}) must be empty for a failed trial, and for no other"
    try:
        space.parse(row.model, row.settings)
    except (UserError, UnknownChoiceError) as error:
        return str(error)
    return ""


def missing(rows: Sequence[TrialRow], samples: int) -> list[int]:
    """The numbers of the trials that have no row, in order."""
    known = {row.trial for row in rows}
    return [number for number in range(1, samples + 1) if number not in known]


def spent_seconds(path: Path) -> float:
    """The seconds that all parts of a sweep have taken together, in clock.json; 0 if there is no file.

    Raises:
        FileError: the file cannot be read, or holds no such number.
    """
    value = read_json(path).get("seconds", 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise FileError(
            f"{path}: seconds (got {value!r:.60}) must be a number from 0; delete the file"
        )
    return float(value)


def failures(rows: Sequence[TrialRow]) -> str:
    """How many trials failed, and the commonest reason; "" if none did."""
    failed = [row for row in rows if row.status == FAILED]
    if not failed:
        return ""
    (reason, count), *_ = Counter(row.reason for row in failed).most_common(1)
    said = reason or "no reason was recorded"
    said = said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
    models = ", ".join(dict.fromkeys(row.model for row in failed if row.reason == reason))
    return f"{len(failed)} of {len(rows)} trials failed, {count} of them for this reason ({models}): {said}"
