"""What is compared, and the rows that are kept of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.equal_bytes.settings import Setting, chosen, settings_of
from condense.methods.spec import label, parse
from evaluate.results.record_store import RecordStore
from evaluate.results.rows import REMEDY, WHOLE, Row
from evaluate.training.tune import settings_text

SOURCES = {"amazon1": "simulated", "debian": "auto"}
"""Data set -> where it is loaded from, as `load_dataset` says it."""
TITLES = {"amazon1": "amazon1 (simulated)", "debian": "Debian"}
MODELS = ("mlp", "sgc", "graphsage", "sehgnn", "hgt")
MODELS_OF_MEANS = ("mlp", "sgc", "graphsage", "hgt")
"""Over which headline and curves are means; SeHGNN was not trained on the graphs of all methods."""
METHODS = (
    "mixture:spread=on",
    "srgm:spread=on",
    "mixture:spread=off",
    "srgm",
    "coarsening",
    "kmeans:labels=pseudo",
    "random",
)
OURS = "mixture:spread=on"
"""The method whose lead over the others is shown."""
ROWS = Path(__file__).parents[1] / "rows" / "equal_bytes"


@dataclass(frozen=True)
class Comparison:
    """One data set at one share of its bytes.

    Attributes:
        dataset: its name, of `SOURCES`.
        share: of the whole graph's bytes.
    """

    dataset: str
    share: float

    def store(self, method: str) -> RecordStore[Row]:
        """The kept rows; those of the whole graph are shared by all shares."""
        name = self.dataset if method == WHOLE else f"{self.dataset}-{self.share:g}"
        return RecordStore(Row, lambda row: row.cell, ROWS / f"{name}.csv", remedy=REMEDY)

    def rows(self, method: str, model: str) -> list[Row]:
        """The kept rows of a model on a method's graphs, of all settings and seeds."""
        name = name_in_rows(method)
        return [r for r in self.store(method) if r.method == name and r.model == model]

    def ratio(self, method: str) -> float | None:
        """The condensation ratio with which a method took its share of the bytes; None without a row."""
        name = name_in_rows(method)
        return next((row.ratio for row in self.store(method) if row.method == name), None)

    def tried(self, method: str, model: str, seed: int) -> tuple[Setting, ...]:
        """All settings for seed 0, the one that validation nodes chose for others."""
        settings = settings_of(method, model)
        return (chosen(self.rows(method, model), settings),) if seed else settings

    def has(self, method: str, model: str, setting: Setting, seed: int) -> bool:
        """Whether a row of this training is kept, of whichever machine: no two condense alike to the last
        digit.
        """
        text = settings_text(setting.candidate())
        rows = self.rows(method, model)
        return any(row.settings == text and row.train_seed == seed for row in rows)

    def kept(self, method: str, models: Sequence[str]) -> dict[str, list[Row]]:
        """Model -> rows with the chosen setting, by seed."""
        by_model = {}
        for model in models:
            rows = self.rows(method, model)
            text = settings_text(chosen(rows, settings_of(method, model)).candidate())
            mine = [row for row in rows if row.settings == text]
            by_model[model] = sorted(mine, key=lambda row: row.train_seed)
        return by_model

    def retention(self, method: str, models: Sequence[str]) -> dict[str, float]:
        """Model -> mean micro-F1 in percent of the whole graph's, of the models that have both."""
        mine, whole = self.kept(method, models), self.kept(WHOLE, models)
        return {
            m: 100 * statistics.fmean(row.micro_f1 for row in mine[m]) / whole[m][0].micro_f1
            for m in models
            if mine[m] and whole[m]
        }


def name_in_rows(method: str) -> str:
    """The method as rows name it."""
    return WHOLE if method == WHOLE else label(*parse(method))
