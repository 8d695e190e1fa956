"""The files that a search writes to its folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from evaluate.report.run_records import read_search_record
from evaluate.results.csv_table import Parse, read_table
from evaluate.results.records import checked_values
from evaluate.results.rows import Row, read_rows
from evaluate.results.values import AmountOrNaN, ScoreOrNaN

RECORD, TRIALS, TOP, VERIFY = "search.json", "trials.csv", "top.csv", "verify.csv"
CHEAP_TRAININGS = {
    "condensed": "condensed graph",
    "subgraph": "random sub-graph",
    "short": "whole graph, fewer epochs",
}
"""Kind of cheap training in `verify.csv` and `search.json` -> its name on the page."""


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % bootstrap interval.

    Attributes:
        value: of the statistic.
        interval: from, to; None where it is unknown.
    """

    value: float
    interval: tuple[float, float] | None = None

    @classmethod
    def of(cls, content: object) -> Estimate | None:
        """The estimate in a part of `search.json`; None where the part is missing or not defined."""
        if not isinstance(content, Mapping) or content.get("value") is None:
            return None
        low, high = content.get("low"), content.get("high")
        return cls(content["value"], None if low is None or high is None else (low, high))

    def __str__(self) -> str:
        return f"{self.value:.2f}" + (f" {self.brackets}" if self.interval else "")

    @property
    def brackets(self) -> str:
        """The interval as "[0.61, 1.00]"; empty where it is unknown."""
        return "[{:.2f}, {:.2f}]".format(*self.interval) if self.interval else ""


@dataclass(frozen=True)
class SearchFolder:
    """One search.

    Attributes:
        path: its folder.
        record: `search.json`; empty while the search is unfinished.
        trials: rows of `trials.csv` by column.
        top: results of the architectures retrained on the whole graph.
        verify: rows of `verify.csv` by column.
    """

    path: Path
    record: Mapping[str, Any]
    trials: list[dict[str, str]] = field(default_factory=list)
    top: list[Row] = field(default_factory=list)
    verify: list[dict[str, str]] = field(default_factory=list)

    @property
    def verification(self) -> Mapping[str, Any]:
        """What --verify measured; empty if it did not run. Older records keep it at their top level."""
        content = self.record.get("verify")
        return content if isinstance(content, Mapping) else self.record

    def quality(self, kind: str) -> Mapping[str, Any]:
        """Rank correlations, regret and speed-up of one cheap training; empty if not measured."""
        content = self.verification.get(kind)
        return content if isinstance(content, Mapping) else {}

    def pairs(self, kind: str) -> tuple[list[str], list[float], list[float]]:
        """Models, scores after the cheap training, and scores on the whole graph, where both exist."""
        rows = [
            (row["model"], float(row[f"{kind}_val"]), float(row["whole_val"]))
            for row in self.verify
            if is_number(row.get(f"{kind}_val", "")) and is_number(row["whole_val"])
        ]
        return [m for m, _, _ in rows], [s for _, s, _ in rows], [w for _, _, w in rows]

    def kendall(self, kind: str) -> Estimate | None:
        """Kendall's τ of one cheap training; None where it is not defined.

        The search's own estimate is taken first. Without it τ is computed from the scores, and has no
        interval.
        """
        recorded = Estimate.of(self.quality(kind).get("kendall"))
        if recorded is not None:
            return recorded
        _, cheap, whole = self.pairs(kind)
        if min(len(set(cheap)), len(set(whole))) < 2:
            return None
        from scipy.stats import kendalltau

        return Estimate(float(kendalltau(cheap, whole).statistic))  # type: ignore[union-attr]


def is_number(text: str) -> bool:
    """Whether a field holds a number; an empty field or NaN means that nothing was trained."""
    return bool(text) and not math.isnan(float(text))


def is_search(folder: Path) -> bool:
    """Whether the folder holds a search, finished or not."""
    return any((folder / name).exists() for name in (RECORD, TRIALS, VERIFY))


def read_search(folder: Path) -> SearchFolder:
    """The search in `folder`; missing files count as empty.

    Raises:
        FileError: a file cannot be read.
    """
    top = folder / TOP
    return SearchFolder(
        folder,
        read_search_record(folder / RECORD) if (folder / RECORD).exists() else {},
        _read_csv(folder / TRIALS, {"model", "settings", "score"}),
        read_rows(top) if top.exists() else [],
        _read_csv(folder / VERIFY, {"model", "settings", "whole_val"}),
    )


def _read_csv(path: Path, needed: set[str]) -> list[dict[str, str]]:
    """The rows of a CSV file by column, of any columns beside the `needed` ones.

    Scores must lie in 0 … 1 and seconds be finite, or their fields be empty.
    """
    if not path.exists():
        return []

    def parser(columns: list[str]) -> Parse[dict[str, str]]:
        if missing := needed - set(columns):
            raise ValueError(f"column {min(missing)} is missing")
        kinds = {name: _kind(name) for name in columns}
        check = checked_values(TypedDict("Line", kinds))  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]

        def parse(fields: list[str]) -> dict[str, str]:
            if len(fields) != len(columns):
                raise ValueError(f"{len(fields)} fields where the header has {len(columns)}")
            row = dict(zip(columns, fields, strict=True))
            check(row)
            return row

        return parse

    return read_table(path, [], parser, "a search's rows", "run the search again")


def _kind(column: str) -> Any:
    """What a column of this name holds."""
    if column == "score" or column.endswith(("_val", "_test")):
        return ScoreOrNaN
    return AmountOrNaN if column.endswith("seconds") else str
