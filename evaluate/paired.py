"""The mean difference of paired scores, and how sure it is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from condense.errors import UserError

CONFIDENCE = 0.95


@dataclass(frozen=True)
class PairedDifference:
    """Student's interval for the mean of n paired differences.

    Attributes:
        mean: d̄ = Σ (a_i − b_i) / n.
        half: t · s / √n, with s the differences' sample standard deviation and t the quantile of n − 1
            degrees of freedom that leaves (1 − CONFIDENCE) / 2 above; infinite for a single pair.
        count: n.
    """

    mean: float
    half: float
    count: int

    @classmethod
    def of(cls, first: Sequence[float], second: Sequence[float]) -> PairedDifference:
        """Of `first` over `second`, pair by pair.

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
        quantile = float(t.ppf((1 + CONFIDENCE) / 2, count - 1))
        return cls(mean, quantile * statistics.stdev(differences) / math.sqrt(count), count)

    def __str__(self) -> str:
        return f"{self.mean:+.2f} ± {self.half:.2f} ({self.count} pairs)"
