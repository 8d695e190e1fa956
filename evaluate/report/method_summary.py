"""Results by method and model, and how sure the differences between methods are."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from evaluate.report.formatting import percent
from evaluate.results.paired import CONFIDENCE, PairedDifference, paired_methods
from evaluate.results.rows import WHOLE, Row
from evaluate.results.table import Line, summarise


@dataclass(frozen=True)
class MethodSummary:
    """One method at one ratio, with all its models.

    Attributes:
        label: the method, with its ratio if the method has several.
        lines: model -> means over seeds.
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
        """Whether this is the whole graph."""
        return self.rows[0].trained_on == WHOLE

    @property
    def size(self) -> Line:
        """A line for its size and condensing time, which do not depend on the model."""
        return next(iter(self.lines.values()))

    @property
    def break_even(self) -> dict[str, float]:
        """Model -> trainings after which condensing has paid off, where this is known; may be infinite."""
        lines = self.lines.items()
        return {m: line.break_even for m, line in lines if line.break_even is not None}

    def whole_rising(self, models: Sequence[str]) -> list[str]:
        """Which of `models` were still rising when a training on the whole graph ended."""
        return [m for m in models if m in self.lines and self.lines[m].whole_rising]

    def mean(self, name: str, models: Sequence[str]) -> float | None:
        """The mean of a line's field over `models`; None where a model or its value is missing."""
        values = [getattr(self.lines[m], name) if m in self.lines else None for m in models]
        known = [value for value in values if value is not None]
        return statistics.fmean(known) if known and len(known) == len(values) else None


def method_summaries(rows: Sequence[Row]) -> list[MethodSummary]:
    """The whole graph first, then the methods in order of appearance.

    Args:
        rows: of one data set in one setting.
    """
    groups: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.method, row.ratio), []).append(row)
    methods = [method for method, _ in groups]
    # All rows are summarised together, because retention needs those of the whole graph.
    lines = {(line.model, line.method, line.nodes): line for line in summarise(rows)}
    summaries = []
    for (method, ratio), group in groups.items():
        nodes = {m: statistics.fmean(r.nodes for r in group if r.model == m) for m in models(group)}
        label = f"{method} at {percent(ratio, 2)}" if methods.count(method) > 1 else method
        own_lines = {m: lines[m, method, n] for m, n in nodes.items()}
        summaries.append(MethodSummary(label, own_lines, group))
    return sorted(summaries, key=lambda s: not s.whole)


def whole_summary(summaries: Sequence[MethodSummary]) -> MethodSummary | None:
    """The whole graph's summary; None if no model was trained on it."""
    return next((s for s in summaries if s.whole), None)


def models(rows: Sequence[Row]) -> list[str]:
    """Models in order of appearance."""
    return list(dict.fromkeys(row.model for row in rows))


def common_models(summaries: Sequence[MethodSummary]) -> list[str]:
    """Models that were trained on every graph, in order of appearance."""
    first = summaries[0].lines if summaries else {}
    return [m for m in first if all(m in s.lines for s in summaries)]


def leader(summaries: Sequence[MethodSummary]) -> MethodSummary | None:
    """The method with the highest mean retention over the models that all graphs share.

    Without scores on the whole graph, that with the highest mean micro-F1; None if there is no method or no
    shared model.
    """
    names = common_models(summaries)
    condensed = [s for s in summaries if not s.whole]
    if not condensed or not names:
        return None

    def mean(s: MethodSummary) -> float:
        retention = s.mean("retention", names)
        return mean_score(s, names) if retention is None else retention

    return max(condensed, key=mean)


def mean_score(summary: MethodSummary, names: Sequence[str]) -> float:
    """The mean micro-F1 over some models, in points."""
    return sum(summary.lines[m].micro[0] for m in names) / len(names)


def difference(
    first: MethodSummary, second: MethodSummary, comparisons: int = 1
) -> PairedDifference | None:
    """How far `first` is ahead in points of micro-F1, paired by seed; None without pairs.

    The whole graph has no condensing seed. Against it pairs share the training seed, and the scores of
    `first` are averaged over condensing seeds beforehand, so that a training on the whole graph counts once.

    Args:
        first: a condensed graph's summary.
        second: another's, or the whole graph's.
        comparisons: how many such intervals are read together; each is widened by Bonferroni's rule.
    """
    ours, theirs = _renamed(first.rows, "first"), _renamed(second.rows, "second")
    if second.whole:
        ours, theirs = _averaged(ours), _averaged(theirs)
    paired = paired_methods([*ours, *theirs], "first", "second")
    return None if paired is None else widened(paired, comparisons)


def widened(difference: PairedDifference, comparisons: int) -> PairedDifference:
    """The same difference with an interval of confidence 1 − (1 − CONFIDENCE) / comparisons."""
    if difference.count < 2 or comparisons < 2:
        return difference
    from scipy.stats import t  # Takes a second to import.

    tail, freedom = (1 - CONFIDENCE) / 2, difference.count - 1
    factor = float(t.ppf(1 - tail / comparisons, freedom) / t.ppf(1 - tail, freedom))
    return dataclasses.replace(difference, half=difference.half * factor)


def _renamed(rows: Sequence[Row], method: str) -> list[Row]:
    """The rows under another method's name, so that two ratios of one method can be compared."""
    return [dataclasses.replace(row, method=method) for row in rows]


def _averaged(rows: Sequence[Row]) -> list[Row]:
    """One row for each model and training seed, with the mean score over condensing seeds."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.model, row.train_seed), []).append(row)
    return [
        dataclasses.replace(
            group[0], condense_seed=None, micro_f1=statistics.fmean(r.micro_f1 for r in group)
        )
        for group in groups.values()
    ]
