"""What has been trained, tried and failed, kept in a folder: a run goes on where the last one ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from condense.io.replace import check_target
from evaluate.grid.training_result import TrainingResult
from evaluate.results.records import read_records, write_records
from evaluate.results.rows import Row, write_rows

RESULTS, TUNING, FAILURES = "results.csv", "tuning.csv", "failures.csv"


@dataclass(frozen=True)
class TriedSettings:
    """A candidate of settings, trained once to choose among others.

    Attributes:
        cell: name of the training.
        dataset, method, model, settings: as in `Row`.
        val_micro_f1: the candidate's score on validation nodes; test nodes are not looked at.
        seconds: of the training with its validation.
    """

    cell: str
    dataset: str
    method: str
    model: str
    settings: str
    val_micro_f1: float
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A training that has ended in an error; the next run tries it again.

    Attributes:
        cell: name of the training.
        dataset, method, model, condense_seed: as in `Row`.
        train_seed: of the training; None where settings were to be chosen.
        reason: the error in one line.
    """

    cell: str
    dataset: str
    method: str
    model: str
    condense_seed: int | None
    train_seed: int | None
    reason: str


Mean = tuple[str, str, str, str, float, str]
"""Which mean over seeds a row goes into: those of one run share their settings, tuned or not."""
Place = tuple[Mean, int | None, int]
"""Where in a comparison a row belongs: of two rows for one place in two runs, the later one counts."""


@dataclass
class ResultStore:
    """Rows, tried settings and failures of a comparison.

    Attributes:
        folder: of their files; None keeps them in memory alone.
        rows: of this run and of earlier ones, in the order in which they ended.
        tried: name -> candidate.
        failures: of this run.
    """

    folder: Path | None = None
    rows: list[Row] = field(default_factory=list)
    tried: dict[str, TriedSettings] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    _earlier: list[Row] = field(default_factory=list)
    _outcomes: dict[str, TrainingResult] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, fresh: bool = False) -> ResultStore:
        """The store in a folder, as the last run left it; failures are forgotten, to be tried again.

        Args:
            folder: made where it is missing.
            fresh: delete what is there.

        Raises:
            FileError: a file cannot be written, or what is there is no store of this kind.
        """
        check_target(folder / RESULTS)
        for name in (RESULTS, TUNING, FAILURES) if fresh else (FAILURES,):
            (folder / name).unlink(missing_ok=True)
        remedy = "choose another --out, or begin anew with --fresh"
        earlier: list[Row] = []
        tried: list[TriedSettings] = []
        if (folder / RESULTS).exists():
            earlier = read_records(folder / RESULTS, Row, "results", remedy)
        if (folder / TUNING).exists():
            tried = read_records(folder / TUNING, TriedSettings, "tried settings", remedy)
        return cls(
            folder,
            tried={one.cell: one for one in tried},
            _earlier=earlier,
            _outcomes={row.cell: TrainingResult.of_row(row) for row in earlier if row.cell},
        )

    def outcome(self, cell: str) -> TrainingResult | None:
        """What a training came to in this run or an earlier one."""
        return self._outcomes.get(cell)

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Keep rows; earlier runs' rows for their places in the comparison are given up for them.

        So are earlier rows of the same mean with other settings, whatever their seeds: a mean over 50 epochs
        for some seeds and 200 for others would be of nothing. What this run still plans of a mean has the
        settings of the rows that have arrived, and stays.
        """
        self.rows.extend(rows)
        self._outcomes |= {row.cell: TrainingResult.of_row(row) for row in rows}
        taken = {_place(row) for row in rows}
        settings: dict[Mean, set[str]] = {}
        for row in rows:
            settings.setdefault(_mean(row), set()).add(row.settings)
        self._earlier = [
            row
            for row in self._earlier
            if _place(row) not in taken and row.settings in settings.get(_mean(row), {row.settings})
        ]
        if rows and self.folder is not None:
            write_rows(self.folder / RESULTS, [*self._earlier, *self.rows])

    def add_tried(self, one: TriedSettings) -> None:
        """Keep what a candidate came to."""
        self.tried[one.cell] = one
        if self.folder is not None:
            write_records(self.folder / TUNING, TriedSettings, self.tried.values())

    def add_failure(self, failure: Failure) -> None:
        """Keep a failure."""
        self.failures.append(failure)
        if self.folder is not None:
            write_records(self.folder / FAILURES, Failure, self.failures)


def _mean(row: Row) -> Mean:
    return row.dataset, row.source, row.setting, row.method, row.ratio, row.model


def _place(row: Row) -> Place:
    return _mean(row), row.condense_seed, row.train_seed


def reason(error: BaseException) -> str:
    """An error in one line: its kind and the first line of what it says."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {said}"[:300] if said else type(error).__name__
