"""The files that a search writes to its folder."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from condense.data.plain_json import unspell
from condense.errors import FileError
from evaluate.results.rows import Row, read_rows

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
        _finite(read_json(folder / RECORD)) if (folder / RECORD).exists() else {},
        _read_csv(folder / TRIALS, {"model", "settings", "score"}),
        read_rows(top) if top.exists() else [],
        _read_csv(folder / VERIFY, {"model", "settings", "whole_val"}, numbers="_val"),
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        FileError: it cannot be read, or is no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(
            f"{path} cannot be read ({error}); rerun the command that wrote it"
        ) from None
    if not isinstance(content, dict):
        raise FileError(
            f"{path} (got {type(content).__name__}) must be a JSON object; rerun the command that "
            "wrote it"
        )
    return unspell(content)


def _finite(value: Any) -> Any:
    """`value` with None in place of non-finite numbers, as records of older versions have them."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _read_csv(path: Path, columns: set[str], numbers: str = "score") -> list[dict[str, str]]:
    """The rows of a CSV file; columns whose names end in `numbers` must hold numbers or be empty."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            if missing := columns - set(reader.fieldnames or ()):
                raise ValueError(f"column {min(missing)} is missing")
            rows = [{k: v or "" for k, v in row.items() if k is not None} for row in reader]
        for row in rows:
            for name, value in row.items():
                if value and name.endswith(numbers):
                    float(value)
        return rows
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(f"{path} cannot be read ({error}); run the search again") from None
