"""The results, tried settings and failures of a comparison, kept in a folder from which a run resumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from condense.errors import FileError, UserError
from condense.io.replace import check_target
from evaluate.results.record_store import RecordStore
from evaluate.results.rows import Row
from evaluate.results.values import Amount, ScoreOrNaN, Seed

RESULTS, TUNING, FAILURES = "results.csv", "tuning.csv", "failures.csv"


@dataclass(frozen=True)
class TriedSettings:
    """Candidate settings, trained once so that the best can be chosen.

    Attributes:
        cell: name of the training.
        dataset, method, model, settings: as in `Row`.
        val_micro_f1: the candidate's score on validation nodes; test nodes are not looked at. NaN where the
            training diverged.
        seconds: of the training, validation included.
    """

    cell: str
    dataset: str
    method: str
    model: str
    settings: str
    val_micro_f1: ScoreOrNaN
    seconds: Amount


@dataclass(frozen=True)
class Failure:
    """A training that ended in an error; the next run tries it again.

    Attributes:
        cell: name of the training.
        dataset, method, model, condense_seed: as in `Row`.
        train_seed: of the training; None if it was to help choose settings.
        reason: the error in one line.
    """

    cell: str
    dataset: str
    method: str
    model: str
    condense_seed: Seed | None
    train_seed: Seed | None
    reason: str


Mean = tuple[str, str, str, str, float, str]
"""The mean over seeds that a row contributes to; within one run its rows share their settings."""
Place = tuple[Mean, int | None, int]
"""A row's place in a comparison: if two runs have a row for one place, the later one counts."""


class ResultStore:
    """Rows (results.csv), tried settings (tuning.csv) and failures (failures.csv) of a comparison.

    Failures of earlier runs are forgotten: these trainings are tried again.

    Args:
        folder: of the files, made if it is missing; None keeps everything in memory.
        fresh: whether to delete the files that are there.

    Attributes:
        tried: by the name of the training.

    Raises:
        FileError: a file cannot be written, or holds something else.
    """

    def __init__(self, folder: Path | None = None, fresh: bool = False) -> None:
        if folder is not None:
            for name in (RESULTS, TUNING, FAILURES):
                check_target(folder / name)
            for name in (RESULTS, TUNING, FAILURES) if fresh else (FAILURES,):
                (folder / name).unlink(missing_ok=True)
        results, tuning, failures = (
            None if folder is None else folder / name for name in (RESULTS, TUNING, FAILURES)
        )
        remedy = "choose another --out, or begin anew with --fresh"
        self._rows = RecordStore(Row, lambda row: row.cell, results, "results", remedy)
        self.tried = RecordStore(
            TriedSettings, lambda tried: tried.cell, tuning, "tried settings", remedy
        )
        self._failures = RecordStore(Failure, lambda failure: failure.cell, failures)
        # Rows that are given up below still say how their trainings ended.
        self._by_cell = {row.cell: row for row in self._rows if row.cell}

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of this run, those taken over from earlier runs included, as they were added."""
        return self._rows.new

    @property
    def failures(self) -> Sequence[Failure]:
        """The failures of this run."""
        return self._failures.new

    def row_of(self, cell: str) -> Row | None:
        """A row of the training with this name, from this run or an earlier one."""
        return self._by_cell.get(cell)

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Keep rows, in place of earlier runs' rows for the same places in the comparison.

        Earlier rows of the same mean with other settings go too, whatever their seeds: a mean over 50 epochs
        for some seeds and 200 for others would mean nothing. So do those that were scored with other test
        labels. What this run still plans of a mean has the
        settings of the rows that have arrived, and stays.
        """
        taken = {_place(row) for row in rows}
        same: dict[Mean, set[tuple[str, str]]] = {}
        for row in rows:
            same.setdefault(_mean(row), set()).add(_alike(row))
            self._by_cell[row.cell] = row

        def outdated(earlier: Row) -> bool:
            current = same.get(_mean(earlier), {_alike(earlier)})
            return _place(earlier) in taken or _alike(earlier) not in current

        if rows:
            self._rows.add(rows, outdated)

    def add_tried(self, tried: TriedSettings) -> None:
        """Keep the outcome of a candidate."""
        self.tried.add([tried])

    def add_failure(self, failure: Failure) -> None:
        """Keep a failure.

        Raises:
            FileError: it cannot be written. The error begins with the failure, which may have the same cause,
                such as a full disk.
        """
        try:
            self._failures.add([failure])
        except UserError as error:
            task = failure.model or "condensing"
            raise FileError(
                f"{task} ({failure.method}) failed, {failure.reason}; this could not be recorded either: "
                f"{error}"
            ) from error


def _mean(row: Row) -> Mean:
    return row.dataset, row.source, row.setting, row.method, row.ratio, row.model


def _alike(row: Row) -> tuple[str, str]:
    """What all rows of one mean must share."""
    return row.settings, row.test_labels


def _place(row: Row) -> Place:
    return _mean(row), row.condense_seed, row.train_seed
