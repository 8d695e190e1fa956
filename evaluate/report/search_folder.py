"""What a search left in its folder."""

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
RIVALS = {
    "condensed": "condensed graph",
    "subgraph": "random sub-graph",
    "short": "whole graph, fewer epochs",
}
"""Kind of cheap training in `verify.csv` and `search.json` -> what it is called."""


@dataclass(frozen=True)
class Search:
    """One search.

    Attributes:
        path: its folder.
        record: `search.json`; empty if it is not there yet.
        trials: lines of `trials.csv` by column.
        top: the architectures retrained on the whole graph.
        verify: lines of `verify.csv` by column.
    """

    path: Path
    record: Mapping[str, Any]
    trials: list[dict[str, str]] = field(default_factory=list)
    top: list[Row] = field(default_factory=list)
    verify: list[dict[str, str]] = field(default_factory=list)

    @property
    def verified(self) -> Mapping[str, Any]:
        """What --verify found; empty if it did not run. Older records have it among the search's own."""
        found = self.record.get("verify")
        return found if isinstance(found, Mapping) else self.record

    def quality(self, kind: str) -> Mapping[str, Any]:
        """Rank correlations, regret and speed-up of one cheap training; empty if it was not judged."""
        found = self.verified.get(kind)
        return found if isinstance(found, Mapping) else {}

    def pairs(self, kind: str) -> tuple[list[str], list[float], list[float]]:
        """Models, scores after the cheap training, and scores on the whole graph, where both are there."""
        found = [
            (line["model"], float(line[f"{kind}_val"]), float(line["whole_val"]))
            for line in self.verify
            if known(line.get(f"{kind}_val", "")) and known(line["whole_val"])
        ]
        return [m for m, _, _ in found], [s for _, s, _ in found], [w for _, _, w in found]


def known(text: str) -> bool:
    """Whether a field holds a number; an empty one or NaN stands for what was not trained."""
    return bool(text) and not math.isnan(float(text))


def is_search(folder: Path) -> bool:
    """Whether the folder holds a search, finished or not."""
    return any((folder / name).exists() for name in (RECORD, TRIALS, VERIFY))


def read_search(folder: Path) -> Search:
    """The search in `folder`; files that are not there yet count as empty.

    Raises:
        FileError: a file cannot be read.
    """
    top = folder / TOP
    return Search(
        folder,
        _finite(read_json(folder / RECORD)) if (folder / RECORD).exists() else {},
        _lines(folder / TRIALS, {"model", "settings", "score"}),
        read_rows(top) if top.exists() else [],
        _lines(folder / VERIFY, {"model", "settings", "whole_val"}, numbers="_val"),
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        FileError: it cannot be read, or is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({error}); run again what wrote it") from None
    if not isinstance(found, dict):
        raise FileError(
            f"{path} (got {type(found).__name__}) must be a JSON object; run again what wrote it"
        )
    return unspell(found)


def _finite(value: Any) -> Any:
    """`value` with None in place of non-finite numbers, as records of older versions have them."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(path: Path, columns: set[str], numbers: str = "score") -> list[dict[str, str]]:
    """The lines of a CSV file; those whose `numbers` columns hold something else than numbers are refused."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            if missing := columns - set(reader.fieldnames or ()):
                raise ValueError(f"column {min(missing)} is missing")
            found = [{k: v or "" for k, v in line.items() if k is not None} for line in reader]
        for line in found:
            for name, value in line.items():
                if value and name.endswith(numbers):
                    float(value)
        return found
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(f"{path} cannot be read ({error}); run the search again") from None
