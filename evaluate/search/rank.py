"""How well one ranking of architectures agrees with another: τ, ρ, regret, spread.

x_i is architecture i's validation score on the condensed graph (or by a baseline), y_i that on the whole
graph, i = 1 … n.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
DRAWS = 2000  # Bootstrap samples.

Array = np.ndarray
Scores = Sequence[float] | Array


@dataclass(frozen=True)
class Interval:
    """A statistic and its bootstrap percentile interval.

    Attributes:
        value: the statistic of all n architectures; NaN where it is undefined.
        low: the (1 − CONFIDENCE) / 2 quantile over resampled architectures.
        high: the (1 + CONFIDENCE) / 2 quantile.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """How far apart scores are, in points; a rank correlation of nearly tied scores means nothing.

    Attributes:
        low: the least.
        high: the greatest.
        sd: sample standard deviation; 0 for a single score.
    """

    low: float
    high: float
    sd: float

    @classmethod
    def of(cls, scores: Sequence[float]) -> Spread:
        """The spread of scores in 0 … 1."""
        points = 100 * np.asarray(scores, dtype=float)
        sd = float(points.std(ddof=1)) if len(points) > 1 else 0.0
        return cls(float(points.min()), float(points.max()), sd)


def kendall(x: Scores, y: Scores) -> float:
    """Kendall's τ-b: Σ_ij s_ij t_ij / √(Σ_ij s_ij² · Σ_ij t_ij²), s_ij = sign(x_i − x_j), t_ij likewise of y.

    1 if all pairs are in the same order, −1 if all are reversed; a pair tied on one side adds nothing to the
    numerator, and counts in the denominator on the other side only. NaN if all of x or all of y are
    equal. Source: Kendall, Biometrika 33 (1945).
    """
    # SciPy takes a second to import; only `kendall` and `spearman` need it.
    from scipy.stats import kendalltau

    return float(kendalltau(x, y).statistic)  # pyright: ignore[reportAttributeAccessIssue]


def spearman(x: Scores, y: Scores) -> float:
    """Spearman's ρ: Pearson's correlation of the ranks; equal scores share the mean of their ranks.

    NaN if all of x or all of y are equal.
    """
    from scipy.stats import ConstantInputWarning, spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)  # NaN is the answer.
        return float(spearmanr(x, y).statistic)  # pyright: ignore[reportAttributeAccessIssue]


def bootstrap(
    statistic: Callable[[Scores, Scores], float],
    x: Sequence[float],
    y: Sequence[float],
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """`statistic` of (x, y) with its percentile interval over architectures drawn with replacement.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. An architecture that is drawn
    twice is a pair tied on both sides. Samples in which the statistic is undefined are left out; if none is
    left, the interval is NaN.
    """
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        rows = rng.integers(len(first), size=len(first))
        value = statistic(first[rows], second[rows])
        if not math.isnan(value):
            values.append(value)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail]) if values else (math.nan, math.nan)
    return Interval(statistic(first, second), float(low), float(high))


def regret(
    proxy: Sequence[float], whole_val: Sequence[float], whole_test: Sequence[float]
) -> float:
    """What choosing by the proxy costs, in points: test score of the best by `whole_val` − that of `proxy`'s.

    Both test scores are of models trained on the whole graph. If several architectures are best, their mean
    counts, as if one were drawn at random. Negative if the proxy happens to choose a better one.
    """
    return 100 * (_chosen(whole_val, whole_test) - _chosen(proxy, whole_test))


def shortlist_regret(
    proxy: Sequence[float], whole_val: Sequence[float], whole_test: Sequence[float], count: int
) -> float:
    """The regret of choosing, among the `count` best by the proxy, the best by `whole_val`, in points.

    A search that retrains its best on the whole graph chooses like this. The first of equals by the proxy are
    shortlisted. See `regret`.
    """
    order = sorted(range(len(proxy)), key=lambda i: -proxy[i])[:count]
    listed = _chosen([whole_val[i] for i in order], [whole_test[i] for i in order])
    return 100 * (_chosen(whole_val, whole_test) - listed)


def _chosen(by: Sequence[float], test: Sequence[float]) -> float:
    best = max(by)
    return math.fsum(t for b, t in zip(by, test, strict=True) if b == best) / list(by).count(best)
