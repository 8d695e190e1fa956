"""After how many trainings condensing has paid off."""

from __future__ import annotations

import math


def break_even(condense_seconds: float, whole_seconds: float, condensed_seconds: float) -> float:
    """Condensing ÷ (training on the whole graph − training on the condensed one).

    Args:
        condense_seconds: once; NaN where nobody recorded them.
        whole_seconds: of a training on the whole graph.
        condensed_seconds: of the same model's training on the condensed graph.

    Returns:
        Infinite where training on the condensed graph is not cheaper, else NaN where the condensing seconds
        are unknown.
    """
    saved = whole_seconds - condensed_seconds
    return condense_seconds / saved if saved > 0 else math.inf
