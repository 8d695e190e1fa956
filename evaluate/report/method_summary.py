"""Methods by models: the lines of the comparison, ordered for matrices and figures."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from evaluate.report.words import percent
from evaluate.results.paired import CONFIDENCE, PairedDifference, paired_methods
from evaluate.results.rows import WHOLE, Row
from evaluate.results.table import Line, summarise


@dataclass(frozen=True)
class MethodSummary:
    """One method at one size with all models.

    Attributes:
        label: the method; its size too where the method has several.
        lines: model -> mean over seeds.
        rows: behind these lines.
    """

    label: str
    lines: dict[str, Line]
    rows: list[Row]

    @property
    def method(self) -> str:
        """The method, or "whole"."""
        return self.rows[0].method

    @property
    def whole(self) -> bool:
        """Whether it is the whole graph."""
        return self.rows[0].trained_on == WHOLE

    @property
    def one(self) -> Line:
        """Any of the lines: size and condensing time do not depend on the model."""
        return next(iter(self.lines.values()))

    def mean(self, name: str, models: Sequence[str]) -> float | None:
        """The mean of a line's number over `models`; None where one of them is missing or has none."""
        found = [getattr(self.lines[m], name) if m in self.lines else None for m in models]
        known = [value for value in found if value is not None]
        return statistics.fmean(known) if known and len(known) == len(found) else None


def method_summaries(rows: Sequence[Row]) -> list[MethodSummary]:
    """The whole graph first, then the methods in order of appearance.

    Args:
        rows: of one whole graph in one setting.
    """
    groups: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.method, row.ratio), []).append(row)
    methods = [method for method, _ in groups]
    # All rows are summarised together: retention needs the whole graph's beside the method's.
    lines = {(line.model, line.method, line.nodes): line for line in summarise(rows)}
    found = []
    for (method, ratio), group in groups.items():
        nodes = {m: statistics.fmean(r.nodes for r in group if r.model == m) for m in models(group)}
        label = f"{method} at {percent(ratio, 2)}" if methods.count(method) > 1 else method
        own = {m: lines[m, method, n] for m, n in nodes.items()}
        found.append(MethodSummary(label, own, group))
    return sorted(found, key=lambda s: not s.whole)


def models(rows: Sequence[Row]) -> list[str]:
    """Models in order of appearance."""
    return list(dict.fromkeys(row.model for row in rows))


def common_models(found: Sequence[MethodSummary]) -> list[str]:
    """Models that all have been trained with, in order."""
    first = found[0].lines if found else {}
    return [m for m in first if all(m in s.lines for s in found)]


def difference(
    first: MethodSummary, second: MethodSummary, comparisons: int = 1
) -> PairedDifference | None:
    """How far the first is ahead in points of micro-F1, pairs sharing seeds; None without pairs.

    Against the whole graph, which is not condensed, pairs share the training seed, and the first's scores
    are averaged over condensing seeds before: a whole graph's training must not count several times.

    Args:
        first: a condensed graph's summary.
        second: another's, or the whole graph's.
        comparisons: how many such intervals are read together; each is widened by Bonferroni's rule.
    """
    ours, theirs = _named(first.rows, "first"), _named(second.rows, "second")
    if second.whole:
        ours, theirs = _averaged(ours), _averaged(theirs)
    found = paired_methods([*ours, *theirs], "first", "second")
    return None if found is None else widened(found, comparisons)


def widened(found: PairedDifference, comparisons: int) -> PairedDifference:
    """The interval at a confidence of 1 − (1 − CONFIDENCE) / comparisons."""
    if found.count < 2 or comparisons < 2:
        return found
    from scipy.stats import t  # Imports in a second.

    rest, freedom = (1 - CONFIDENCE) / 2, found.count - 1
    factor = float(t.ppf(1 - rest / comparisons, freedom) / t.ppf(1 - rest, freedom))
    return dataclasses.replace(found, half=found.half * factor)


def _named(rows: Sequence[Row], name: str) -> list[Row]:
    """Two sizes of one method differ in name."""
    return [dataclasses.replace(row, method=name) for row in rows]


def _averaged(rows: Sequence[Row]) -> list[Row]:
    """One row a model and training seed, the mean over condensing seeds."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.model, row.train_seed), []).append(row)
    return [
        dataclasses.replace(
            group[0], condense_seed=None, micro_f1=statistics.fmean(r.micro_f1 for r in group)
        )
        for group in groups.values()
    ]
