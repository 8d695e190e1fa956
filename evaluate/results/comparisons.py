"""One method against each of its rivals: paired differences, corrected for how many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluate.results.holm import holm
from evaluate.results.paired import CONFIDENCE, PairedDifference, paired_methods
from evaluate.results.rows import WHOLE, Row
from evaluate.results.table import aligned


@dataclass(frozen=True)
class Comparison:
    """How far a method is ahead of a rival of the same size.

    Attributes:
        method, rival: their names.
        ratio: target nodes trained on ÷ all target nodes, of both.
        model: on which; None for the mean over the models that both have been evaluated with.
        difference: in points of micro-F1. Its interval is Bonferroni's (Dunn, Journal of the American
            Statistical Association 56, 1961): all those of the family hold together with 95 % confidence.
        p: two-sided, corrected by `holm` for the family.
    """

    method: str
    rival: str
    ratio: float
    model: str | None
    difference: PairedDifference
    p: float


def compare(rows: Sequence[Row], by_model: bool = False) -> list[Comparison]:
    """The first condensed method among `rows` against every other one, a family of comparisons.

    Pairs are those of `paired_methods`, so the whole graph, which has no condensing seed, is no rival.
    Methods are compared at each ratio at which both have been evaluated.

    Args:
        rows: of one data set and setting.
        by_model: one comparison a model in place of one over their mean.
    """
    found = [row for row in rows if row.method != WHOLE]
    if not found:
        return []
    first = found[0].method
    ratios = dict.fromkeys(row.ratio for row in found if row.method == first)
    rivals = dict.fromkeys(row.method for row in found if row.method != first)
    models = dict.fromkeys(row.model for row in found) if by_model else [None]
    pairs = {}
    for ratio in ratios:
        for rival in rivals:
            for model in models:
                chosen = [r for r in found if r.ratio == ratio and model in (None, r.model)]
                if paired_methods(chosen, first, rival) is not None:
                    pairs[rival, ratio, model] = chosen
    differences = [
        paired_methods(chosen, first, rival, len(pairs)) for (rival, _, _), chosen in pairs.items()
    ]
    known = [d for d in differences if d is not None]
    return [
        Comparison(first, rival, ratio, model, difference, p)
        for (rival, ratio, model), difference, p in zip(
            pairs, known, holm([d.p for d in known]), strict=True
        )
    ]


def as_list(comparisons: Sequence[Comparison]) -> str:
    """One line for each comparison."""
    grid = [("over", "points", "p", "pairs")]
    for one in comparisons:
        apart = one.difference
        p = "" if apart.count == 1 else "< 0.001" if one.p < 0.001 else f"{one.p:.3f}"
        grid.append((_rival(one, comparisons), _points(apart), p, str(apart.count)))
    return aligned(grid, left=1)


def as_grid(comparisons: Sequence[Comparison]) -> str:
    """Rivals (rows) by models (columns); a star where the corrected p is at most 0.05."""
    models = list(dict.fromkeys(one.model or "" for one in comparisons))
    lines: dict[str, dict[str, str]] = {}
    for one in comparisons:
        star = " *" if one.p <= 1 - CONFIDENCE else "  "
        text = _points(one.difference) + star
        lines.setdefault(_rival(one, comparisons), {})[one.model or ""] = text
    grid = [("over", *(f"{model}  " for model in models))]
    grid += [(rival, *(found.get(m, "") for m in models)) for rival, found in lines.items()]
    return aligned(grid, left=1)


def _points(difference: PairedDifference) -> str:
    """Mean and half width; a single pair has no width."""
    half = "" if difference.count == 1 else f" ± {difference.half:.1f}"
    return f"{difference.mean:+.1f}{half}"


def _rival(one: Comparison, among: Sequence[Comparison]) -> str:
    """The rival, with the ratio where there are several."""
    several = len({other.ratio for other in among}) > 1
    return f"{one.rival} ({one.ratio:.2%})" if several else one.rival
