"""Whether one ranking of architectures agrees with another: τ, ρ, regret, spread.

x_i is architecture i's validation score on the condensed graph (or on a rival), y_i the one on the whole
graph, i = 1 … n.
"""

from __future__ import annotations

import math
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
        value: of all n architectures; NaN where it is undefined.
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
        """Of scores in 0 … 1."""
        points = 100 * np.asarray(scores, dtype=float)
        sd = float(points.std(ddof=1)) if len(points) > 1 else 0.0
        return cls(float(points.min()), float(points.max()), sd)


def kendall(x: Scores, y: Scores) -> float:
    """Kendall's τ-b: Σ_ij s_ij t_ij / √(Σ_ij s_ij² · Σ_ij t_ij²), s_ij = sign(x_i − x_j), t_ij likewise of y.

    1 if all pairs are in the same order, −1 if all are reversed; a pair tied on one side counts for neither,
    and weighs in the denominator on the other side alone. NaN where all of x or all of y are equal. Kendall,
    Biometrika 33 (1945).
    """
    s, t = _signs(x), _signs(y)
    return _ratio(float((s * t).sum()), float((s * s).sum()), float((t * t).sum()))


def spearman(x: Scores, y: Scores) -> float:
    """Spearman's ρ: Pearson's correlation of the ranks; equal scores share the mean of their ranks.

    NaN where all of x or all of y are equal.
    """
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean(), b - b.mean()
    return _ratio(float(a @ b), float(a @ a), float(b @ b))


def bootstrap(
    statistic: Callable[[Scores, Scores], float],
    x: Sequence[float],
    y: Sequence[float],
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """`statistic` of (x, y) with its percentile interval over architectures drawn with replacement.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. An architecture that is drawn
    twice is a pair tied on both sides. Samples in which the statistic is undefined are left out; without any
    other the interval is NaN.
    """
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        rows = rng.integers(len(first), size=len(first))
        value = statistic(first[rows], second[rows])
        if not math.isnan(value):
            found.append(value)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail]) if found else (math.nan, math.nan)
    return Interval(statistic(first, second), float(low), float(high))


def regret(
    proxy: Sequence[float], whole_val: Sequence[float], whole_test: Sequence[float]
) -> float:
    """What choosing by the proxy costs, in points: test of the best by `whole_val` less that of `proxy`'s.

    Both test scores are of models trained on the whole graph. Several best ones count with their mean, as
    if one of them were drawn. Negative where the proxy happens on a better one.
    """
    return 100 * (_chosen(whole_val, whole_test) - _chosen(proxy, whole_test))


def shortlist_regret(
    proxy: Sequence[float], whole_val: Sequence[float], whole_test: Sequence[float], count: int
) -> float:
    """As `regret`, where the best by `whole_val` of the `count` best by the proxy is chosen.

    So does a search that retrains its best on the whole graph. Of equals by the proxy the first are taken.
    """
    order = sorted(range(len(proxy)), key=lambda i: -proxy[i])[:count]
    listed = _chosen([whole_val[i] for i in order], [whole_test[i] for i in order])
    return 100 * (_chosen(whole_val, whole_test) - listed)


def _chosen(by: Sequence[float], test: Sequence[float]) -> float:
    best = max(by)
    return math.fsum(t for b, t in zip(by, test, strict=True) if b == best) / list(by).count(best)


def _signs(x: Scores) -> Array:
    values = np.asarray(x, dtype=float)
    return np.sign(values[:, None] - values[None, :])  # [n, n]


def _ranks(x: Scores) -> Array:
    """Ranks 1 … n: those below, half of the others that are equal, and itself."""
    signs = _signs(x)
    below, equal = (signs > 0).sum(axis=1), (signs == 0).sum(axis=1)
    return below + (equal + 1) / 2


def _ratio(both: float, first: float, second: float) -> float:
    return both / math.sqrt(first * second) if first > 0 and second > 0 else math.nan
