"""What is compared, and the rows that are kept of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.equal_bytes.settings import Setting, chosen, further_settings, settings_of
from condense.methods.spec import label, parse
from evaluate.results.record_store import RecordStore
from evaluate.results.rows import REMEDY, WHOLE, Row
from evaluate.training.tune import settings_text

SOURCES = {
    "amazon1": "simulated",
    "debian": "auto",
    "imdb": "auto",
    "acm": "auto",
    "cora": "auto",
    "photo": "auto",
    "photo-rich": "auto",
}
"""Data set -> where it is loaded from, as `load_dataset` says it."""
LARGE = ("amazon1", "debian")
"""The data sets with many labels, which the curves are of."""
TITLES = {
    "amazon1": "amazon1 (simulated)",
    "debian": "Debian",
    "imdb": "IMDB",
    "acm": "ACM",
    "cora": "Cora",
    "photo": "Photo",
    "photo-rich": "Photo, label-rich",
}
MODELS = ("mlp", "sgc", "gcn", "graphsage", "sehgnn", "hgt")
MODELS_OF_MEANS = ("mlp", "sgc", "graphsage", "sehgnn", "hgt")
"""Over which the headline, curves and gains are means."""
METHODS = (
    "mixture:spread=on",
    "srgm:spread=on",
    "mixture:spread=off",
    "srgm",
    "coarsening",
    "kmeans:labels=pseudo",
    "random",
)
BATCHES_FROM = 0.05
"""The share from which SeHGNN trains on condensed graphs in batches alone: passes over all nodes,
which take up to fifteen minutes at 1 %, grow with them."""
OURS = "mixture:spread=on"
"""The method whose lead over the others is shown."""
ROWS = Path(__file__).parents[1] / "rows" / "equal_bytes"


@dataclass(frozen=True)
class LeftOut:
    """A method of which there are no graphs.

    Attributes:
        dataset, share: of the comparison.
        method: as rows name it.
        reason: in a sentence.
    """

    dataset: str
    share: float
    method: str
    reason: str


def left_out() -> RecordStore[LeftOut]:
    """The methods that are left out, by data set, share and method."""
    return RecordStore(
        LeftOut,
        lambda one: (one.dataset, one.share, one.method),
        ROWS / "left_out.csv",
        remedy=REMEDY,
    )


@dataclass(frozen=True)
class Comparison:
    """One data set at one share of its bytes.

    Attributes:
        dataset: its name, of `SOURCES`.
        share: of the whole graph's bytes.
        usual: leave out the further settings that data sets with many labels have.
    """

    dataset: str
    share: float
    usual: bool = False

    def store(self, method: str) -> RecordStore[Row]:
        """The kept rows; those of the whole graph are shared by all shares."""
        name = self.dataset if method == WHOLE else f"{self.dataset}-{self.share:g}"
        return RecordStore(Row, lambda row: row.cell, ROWS / f"{name}.csv", remedy=REMEDY)

    def rows(self, method: str, model: str) -> list[Row]:
        """The kept rows of a model on a method's graphs, of all settings and seeds."""
        name = name_in_rows(method)
        return [r for r in self.store(method) if r.method == name and r.model == model]

    def reason(self, method: str) -> str:
        """Why a method was left out; "" if it was not."""
        found = left_out().get((self.dataset, self.share, name_in_rows(method)))
        return found[0].reason if found else ""

    def leave_out(self, method: str, reason: str) -> None:
        """Keep that a method is left out, and why."""
        left_out().add([LeftOut(self.dataset, self.share, name_in_rows(method), reason)])

    def ratio(self, method: str) -> float | None:
        """The condensation ratio with which a method took its share of the bytes; None without a row."""
        name = name_in_rows(method)
        return next((row.ratio for row in self.store(method) if row.method == name), None)

    def settings(self, method: str, model: str) -> tuple[Setting, ...]:
        """Among which validation nodes choose."""
        usual = settings_of(method, model)
        if self.usual or self.dataset not in LARGE:
            return usual
        further = further_settings(method, model)
        if model == "sehgnn" and method != WHOLE and self.share >= BATCHES_FROM:
            return further
        return (*usual, *further)

    def tried(self, method: str, model: str, seed: int) -> tuple[Setting, ...]:
        """All settings for seed 0, the one that validation nodes chose for others."""
        settings = self.settings(method, model)
        return (chosen(self.rows(method, model), settings),) if seed else settings

    def has(self, method: str, model: str, setting: Setting, seed: int) -> bool:
        """Whether a row of this training is kept, of whichever machine: no two condense alike to the last
        digit.
        """
        text = settings_text(setting.candidate())
        rows = self.rows(method, model)
        return any(row.settings == text and row.train_seed == seed for row in rows)

    def preferred(self, method: str, model: str, settings: Sequence[Setting]) -> list[Row]:
        """The rows with that of some settings which validation nodes prefer, by seed."""
        rows = self.rows(method, model)
        text = settings_text(chosen(rows, settings).candidate())
        return sorted((row for row in rows if row.settings == text), key=lambda row: row.train_seed)

    def kept(self, method: str, models: Sequence[str]) -> dict[str, list[Row]]:
        """Model -> rows with the chosen setting, by seed."""
        return {m: self.preferred(method, m, self.settings(method, m)) for m in models}

    def retention(self, method: str, models: Sequence[str]) -> dict[str, float]:
        """Model -> mean micro-F1 in percent of the whole graph's, of the models that have both."""
        mine, whole = self.kept(method, models), self.kept(WHOLE, models)
        return {
            m: 100 * statistics.fmean(row.micro_f1 for row in mine[m]) / whole[m][0].micro_f1
            for m in models
            if mine[m] and whole[m]
        }


def check_methods(methods: Sequence[str]) -> None:
    """Raise what `parse` raises where one is no method in short form, nor `WHOLE`."""
    for method in methods:
        if method != WHOLE:
            parse(method)


def name_in_rows(method: str) -> str:
    """The method as rows name it."""
    return WHOLE if method == WHOLE else label(*parse(method))
