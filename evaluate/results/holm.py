"""p-values corrected for how many comparisons were made."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction.

    With p_(1) ≤ … ≤ p_(m), the corrected value of the i-th is max_{j ≤ i} min(1, (m − j + 1) · p_(j)).
    Calling different what has at most α bounds the chance of even one false call among the m by α, however
    the comparisons depend on each other; Bonferroni's m · p does too, and calls less.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979), 65–70.

    Args:
        p_values: m of them, in any order.

    Returns:
        The corrected ones in the same order; nothing for none.
    """
    count, least = len(p_values), 0.0
    corrected = [0.0] * count
    for rank, i in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (count - rank) * p_values[i]))
        corrected[i] = least
    return corrected
