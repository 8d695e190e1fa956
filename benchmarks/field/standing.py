"""Where every method stands on every data set."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from benchmarks.equal_bytes.comparison import LARGE, Comparison

SHARES = {
    "cora": 0.2,
    "imdb": 0.03,
    "acm": 0.025,
    "photo": 0.005,
    "photo-rich": 0.005,
    "debian": 0.01,
    "amazon1": 0.01,
}
"""Data set -> the share of its bytes that every method has."""
MODELS = ("mlp", "sgc", "gcn", "graphsage", "hgt")
SMALL_MODELS, LARGE_MODELS = ("mlp", "sgc", "gcn", "hgt"), ("mlp", "sgc", "graphsage", "hgt")
"""Over which means are. On large sets GraphSAGE stands for GCN, which reads the union of all meta-paths."""
METHODS = (
    "mixture", "srgm", "coarsening", "kmeans:labels=pseudo", "kcenter", "herding", "random",
    "gcond", "gcondx", "doscond", "sgdd", "msgc", "gcdm", "gcdmx", "simgc", "sfgc", "geom",
    "gcsntk", "bonsai", "freehgc", "hgcond",
)  # fmt: skip
CHOSEN = {("debian", "mixture"): "mixture:spread=on", ("amazon1", "mixture"): "mixture:spread=on"}
"""(Data set, method) -> the method as rows have it, where they name what its judge chooses by default."""
TIE = 1.0
"""Two methods tie on a data set where their mean scores differ by at most so many points."""


def in_rows(dataset: str, method: str) -> str:
    """A method of `METHODS` as the rows of a data set have it."""
    return CHOSEN.get((dataset, method), method)


def models_of(dataset: str) -> tuple[str, ...]:
    """The models that are trained on a data set's graphs."""
    return LARGE_MODELS if dataset in LARGE else SMALL_MODELS


@dataclass(frozen=True)
class Standing:
    """A method on a data set.

    Attributes:
        dataset: its name.
        method: in short form.
        score: mean of the models' micro-F1, in points; each a mean over the seeds.
        kept: mean of the models' micro-F1 in percent of the whole graph's.
        seconds: that condensing took, the mean over the seeds.
        seeds: of condensing, the fewest of a model.
    """

    dataset: str
    method: str
    score: float
    kept: float
    seconds: float
    seeds: int


def standing(dataset: str, method: str) -> Standing | None:
    """Where a method stands; None unless all models were trained on its graphs and on the whole one."""
    comparison, name = Comparison(dataset, SHARES[dataset], usual=True), in_rows(dataset, method)
    models = models_of(dataset)
    kept = comparison.retention(name, models)
    if len(kept) < len(models):
        return None
    rows = comparison.kept(name, models)
    means = [100 * statistics.fmean(row.micro_f1 for row in rows[m]) for m in models]
    seconds = {row.condense_seed: row.condense_seconds for m in models for row in rows[m]}
    return Standing(
        dataset,
        method,
        statistics.fmean(means),
        statistics.fmean(kept.values()),
        statistics.fmean(seconds.values()),
        min(len(rows[m]) for m in models),
    )


def standings() -> dict[tuple[str, str], Standing]:
    """(Data set, method) -> where it stands; those that were measured."""
    found = (standing(dataset, method) for dataset in SHARES for method in METHODS)
    return {(one.dataset, one.method): one for one in found if one is not None}


@dataclass
class Tally:
    """How often a method was ahead of, level with and behind others, pair by pair and set by set."""

    wins: int = 0
    ties: int = 0
    losses: int = 0

    def __str__(self) -> str:
        return f"{self.wins}–{self.ties}–{self.losses}"


def record(known: Mapping[tuple[str, str], Standing]) -> dict[str, Tally]:
    """Method -> wins, ties and losses against every other one on every data set that has both."""
    tallies = {method: Tally() for method in METHODS}
    for dataset in SHARES:
        for a, b in combinations(METHODS, 2):
            if (dataset, a) in known and (dataset, b) in known:
                _count(tallies[a], tallies[b], known[dataset, a], known[dataset, b])
    return {method: tally for method, tally in tallies.items() if tally != Tally()}


def _count(first: Tally, second: Tally, a: Standing, b: Standing) -> None:
    if abs(a.score - b.score) <= TIE:
        first.ties, second.ties = first.ties + 1, second.ties + 1
        return
    winner, loser = (first, second) if a.score > b.score else (second, first)
    winner.wins, loser.losses = winner.wins + 1, loser.losses + 1


def front(points: Sequence[Standing]) -> list[Standing]:
    """Those that no other one beats: as much kept in fewer seconds, or more kept in as many; by seconds."""
    best: list[Standing] = []
    for one in sorted(points, key=lambda p: (p.seconds, -p.kept)):
        if not best or one.kept > best[-1].kept:
            best.append(one)
    return best
