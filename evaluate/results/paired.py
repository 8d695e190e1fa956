"""The mean difference of paired scores, with its confidence interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from condense.errors import UserError
from evaluate.results.rows import Row

CONFIDENCE = 0.95


@dataclass(frozen=True)
class PairedDifference:
    """Student's interval for the mean of n paired differences.

    Attributes:
        mean: d̄ = Σ (a_i − b_i) / n.
        half: t · s / √n, with s the differences' sample standard deviation and t the quantile of n − 1
            degrees of freedom that leaves (1 − CONFIDENCE) / 2 above; infinite for a single pair.
        count: n.
        p: two-sided, of Student's test that the mean is 0; 1 for a single pair, which is no evidence.
    """

    mean: float
    half: float
    count: int
    p: float = 1.0

    @classmethod
    def of(
        cls, first: Sequence[float], second: Sequence[float], *, comparisons: int = 1
    ) -> PairedDifference:
        """The difference of `first` over `second`, pair by pair.

        Args:
            first: scores.
            second: those that they are paired with.
            comparisons: m intervals of which all shall hold together with CONFIDENCE: each leaves out
                (1 − CONFIDENCE) / m. The p-value is the plain one.

        Raises:
            UserError: no pair, or sequences of different lengths.
        """
        if len(first) != len(second) or not first:
            raise UserError(
                f"paired scores (got {len(first)} and {len(second)}) must be as many on either side, and at "
                "least one; measure the missing ones"
            )
        from scipy.stats import t  # Imports in a second; only this function needs it.

        differences = [a - b for a, b in zip(first, second, strict=True)]
        count, mean = len(differences), statistics.fmean(differences)
        if count == 1:
            return cls(mean, math.inf, count)
        error = statistics.stdev(differences) / math.sqrt(count)
        quantile = float(t.isf((1 - CONFIDENCE) / 2 / comparisons, count - 1))
        if error == 0:  # All differences alike.
            return cls(mean, 0.0, count, 0.0 if mean else 1.0)
        return cls(mean, quantile * error, count, 2 * float(t.sf(abs(mean) / error, count - 1)))

    def __str__(self) -> str:
        return f"{self.mean:+.2f} ± {self.half:.2f} ({self.count} pairs)"


def paired_methods(
    rows: Sequence[Row], first: str, second: str, comparisons: int = 1
) -> PairedDifference | None:
    """How far one method is ahead of another, in points of micro-F1 averaged over the models.

    The models are those that both have been evaluated with; pairs have one seed of condensing and training,
    and count where all these models are there on either side. None without such a pair.

    Args:
        rows: of one data set.
        first: a method.
        second: another one.
        comparisons: see `PairedDifference.of`.
    """
    scores: dict[tuple[str, int | None, int], dict[str, float]] = {}
    for r in rows:
        if r.method in (first, second):
            scores.setdefault((r.method, r.condense_seed, r.train_seed), {})[r.model] = r.micro_f1
    models = set.intersection(
        *({r.model for r in rows if r.method == method} for method in (first, second))
    )
    pairs = [
        (scores[key], scores[second, *key[1:]])
        for key in scores
        if key[0] == first and (second, *key[1:]) in scores
    ]
    whole = [pair for pair in pairs if all(by_model.keys() >= models for by_model in pair)]
    if not whole or not models:
        return None
    ours, theirs = (
        [100 * statistics.fmean(pair[side][m] for m in models) for pair in whole] for side in (0, 1)
    )
    return PairedDifference.of(ours, theirs, comparisons=comparisons)
