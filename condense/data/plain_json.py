"""Numbers that JSON lacks, as words: a run that diverged must still be savable."""

from __future__ import annotations

import math
from typing import Any

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def spell(value: Any) -> Any:
    """Non-finite numbers as words and tuples as lists, at any depth."""
    if isinstance(value, dict):
        return {k: spell(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [spell(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value


def unspell(value: Any) -> Any:
    """The inverse of `spell`."""
    if isinstance(value, dict):
        return {k: unspell(v) for k, v in value.items()}
    if isinstance(value, list):
        return [unspell(v) for v in value]
    return NON_FINITE.get(value, value) if isinstance(value, str) else value
