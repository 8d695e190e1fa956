"""One method against each of its baselines: paired differences, corrected for multiple comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluate.results.holm import holm
from evaluate.results.paired import CONFIDENCE, PairedDifference, paired_methods
from evaluate.results.rows import WHOLE, Row
from evaluate.results.table import aligned


@dataclass(frozen=True)
class Comparison:
    """How far a method is ahead of a baseline of the same size.

    Attributes:
        method, baseline: their names.
        ratio: target nodes trained on ÷ all target nodes, of both.
        model: name of the model; None for the mean over the models that both were evaluated with.
        difference: in points of micro-F1. Its interval is Bonferroni's (Dunn, Journal of the American
            Statistical Association 56, 1961): all those of the family hold together with 95 % confidence.
        p: two-sided, corrected by `holm` for the family.
    """

    method: str
    baseline: str
    ratio: float
    model: str | None
    difference: PairedDifference
    p: float


def compare(rows: Sequence[Row], by_model: bool = False) -> list[Comparison]:
    """Compare the first condensed method in `rows` with every other one, as one family of comparisons.

    Pairs are those of `paired_methods`, so the whole graph, which has no condensing seed, is no baseline.
    Methods are compared at each ratio at which both have been evaluated.

    Args:
        rows: of one data set and setting.
        by_model: whether to compare model by model instead of on the mean over models.
    """
    condensed = [row for row in rows if row.method != WHOLE]
    if not condensed:
        return []
    first = condensed[0].method
    ratios = dict.fromkeys(row.ratio for row in condensed if row.method == first)
    baselines = dict.fromkeys(row.method for row in condensed if row.method != first)
    models = dict.fromkeys(row.model for row in condensed) if by_model else [None]
    pairs = {}
    for ratio in ratios:
        for baseline in baselines:
            for model in models:
                chosen = [r for r in condensed if r.ratio == ratio and model in (None, r.model)]
                if paired_methods(chosen, first, baseline) is not None:
                    pairs[baseline, ratio, model] = chosen
    differences = [
        paired_methods(chosen, first, baseline, len(pairs))
        for (baseline, _, _), chosen in pairs.items()
    ]
    known = [d for d in differences if d is not None]
    return [
        Comparison(first, baseline, ratio, model, difference, p)
        for (baseline, ratio, model), difference, p in zip(
            pairs, known, holm([d.p for d in known]), strict=True
        )
    ]


def as_list(comparisons: Sequence[Comparison]) -> str:
    """One line for each comparison."""
    grid = [("over", "points", "p", "pairs")]
    for comparison in comparisons:
        apart = comparison.difference
        p = "" if apart.count == 1 else "< 0.001" if comparison.p < 0.001 else f"{comparison.p:.3f}"
        grid.append((_baseline(comparison, comparisons), _points(apart), p, str(apart.count)))
    return aligned(grid, left=1)


def as_grid(comparisons: Sequence[Comparison]) -> str:
    """Baselines (rows) by models (columns); a star where the corrected p is at most 0.05."""
    models = list(dict.fromkeys(comparison.model or "" for comparison in comparisons))
    lines: dict[str, dict[str, str]] = {}
    for comparison in comparisons:
        star = " *" if comparison.p <= 1 - CONFIDENCE else "  "
        text = _points(comparison.difference) + star
        lines.setdefault(_baseline(comparison, comparisons), {})[comparison.model or ""] = text
    grid = [("over", *(f"{model}  " for model in models))]
    grid += [(baseline, *(cells.get(m, "") for m in models)) for baseline, cells in lines.items()]
    return aligned(grid, left=1)


def _points(difference: PairedDifference) -> str:
    """Mean and half width; a single pair has no half width."""
    half = "" if difference.count == 1 else f" ± {difference.half:.1f}"
    return f"{difference.mean:+.1f}{half}"


def _baseline(comparison: Comparison, among: Sequence[Comparison]) -> str:
    """The name of the baseline, with the ratio if there are several ratios."""
    name, several = comparison.baseline, len({c.ratio for c in among}) > 1
    return f"{name} ({comparison.ratio:.2%})" if several else name
