"""The results of a verification: how well each side ranks architectures, and how fast."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from evaluate.search.architecture import Architecture
from evaluate.search.rank import (
    Interval,
    Spread,
    bootstrap,
    kendall,
    regret,
    shortlist_regret,
    spearman,
)
from evaluate.search.record import SideRow, VerifyRow

CONDENSED, WHOLE, SUBGRAPH, SHORT = "condensed", "whole", "subgraph", "short"
Trainings = dict[tuple[str, str], SideRow]
"""A side's trainings by `Architecture.key`."""


@dataclass(frozen=True)
class RankingQuality:
    """How well a side ranks architectures, and how fast.

    Attributes:
        kendall: τ-b between its validation scores and the whole graph's.
        spearman: ρ between the same scores.
        regret: regret of choosing by this side, in points of test micro-F1.
        regret_top: regret of choosing by the whole graph's validation among this side's best `top`.
        top: length of that shortlist.
        speed_up: speed-up over the whole graph, counting condensing, training and validation.
        speed_up_top: `speed_up` with the `top` trainings on the whole graph counted too.
        speed_up_training: `speed_up` without the seconds of validation on both sides.
        seconds: seconds per architecture, including its share of condensing.
        nodes: target nodes trained on.
        epochs: epochs of every training.
    """

    kendall: Interval
    spearman: Interval
    regret: float
    regret_top: float
    top: int
    speed_up: float
    speed_up_top: float
    speed_up_training: float
    seconds: float
    nodes: int
    epochs: int


@dataclass(frozen=True)
class Verification:
    """The outcome of a verification.

    Attributes:
        architectures: N.
        measured: how many were trained on the whole graph.
        allowed: seconds per architecture that baselines may spend.
        whole_seconds: seconds per architecture on the whole graph, extrapolated if measured < N.
        spread: spread of the whole graph's validation scores.
        spread_test: spread of its test scores.
        sides: name of a side -> its quality.
        rows: one per architecture.
    """

    architectures: int
    measured: int
    allowed: float
    whole_seconds: float
    spread: Spread
    spread_test: Spread
    sides: Mapping[str, RankingQuality]
    rows: Sequence[VerifyRow]


def rank_quality(
    architectures: Sequence[Architecture],
    trainings: Mapping[str, Trainings],
    allowed: float,
    condense_seconds: float,
    top: int,
) -> Verification:
    """All figures of a verification, as `evaluate.search.verify` defines them.

    Args:
        architectures: the N architectures.
        trainings: the trainings of each side; the condensed graph has all N.
        allowed: seconds per architecture that baselines may spend.
        condense_seconds: c, the seconds of condensing.
        top: how many of a side's best would be retrained on the whole graph.
    """
    count, whole = len(architectures), trainings[WHOLE]
    tested, top = [row.test for row in whole.values()], min(max(top, 1), len(whole))
    condensing = {CONDENSED: condense_seconds}
    total = {
        part: math.fsum(extrapolated(architectures, whole, part))
        for part in ("seconds", "train_seconds")
    }
    sides = {}
    for name in (CONDENSED, SUBGRAPH, SHORT):
        own, once = trainings[name], condensing.get(name, 0.0)
        x = [own[key].val for key in whole]
        y = [row.val for row in whole.values()]
        spent = {p: once + count * fmean(getattr(r, p) for r in own.values()) for p in total}
        first = next(iter(own.values()))
        sides[name] = RankingQuality(
            kendall=bootstrap(kendall, x, y),
            spearman=bootstrap(spearman, x, y),
            regret=regret(x, y, tested),
            regret_top=shortlist_regret(x, y, tested, top),
            top=top,
            speed_up=total["seconds"] / spent["seconds"],
            speed_up_top=total["seconds"] / (spent["seconds"] + top * total["seconds"] / count),
            speed_up_training=total["train_seconds"] / spent["train_seconds"],
            seconds=spent["seconds"] / count,
            nodes=first.nodes,
            epochs=first.epochs,
        )
    return Verification(
        architectures=count,
        measured=len(whole),
        allowed=allowed,
        whole_seconds=total["seconds"] / count,
        spread=Spread.of([row.val for row in whole.values()]),
        spread_test=Spread.of(tested),
        sides=sides,
        rows=[_row(a, trainings) for a in architectures],
    )


def extrapolated(
    architectures: Sequence[Architecture], whole: Mapping[tuple[str, str], SideRow], part: str
) -> list[float]:
    """Seconds of each architecture on the whole graph: measured, or the mean of its family, or of all.

    Args:
        architectures: all of them.
        whole: trainings on the whole graph by `Architecture.key`, at least one.
        part: "seconds" or "train_seconds".
    """
    families: dict[str, list[float]] = {}
    for row in whole.values():
        families.setdefault(row.model, []).append(getattr(row, part))
    overall = fmean(getattr(row, part) for row in whole.values())
    return [
        getattr(whole[a.key], part)
        if a.key in whole
        else fmean(families[a.model])
        if a.model in families
        else overall
        for a in architectures
    ]


def _row(architecture: Architecture, trainings: Mapping[str, Trainings]) -> VerifyRow:
    def of(side: str, part: str) -> float:
        row = trainings[side].get(architecture.key)
        return math.nan if row is None else getattr(row, part)

    return VerifyRow(
        *architecture.key,
        whole_val=of(WHOLE, "val"),
        whole_test=of(WHOLE, "test"),
        whole_seconds=of(WHOLE, "seconds"),
        condensed_val=of(CONDENSED, "val"),
        condensed_seconds=of(CONDENSED, "seconds"),
        subgraph_val=of(SUBGRAPH, "val"),
        subgraph_seconds=of(SUBGRAPH, "seconds"),
        short_val=of(SHORT, "val"),
        short_seconds=of(SHORT, "seconds"),
    )
