"""Values in JSON's types: the one convention for every JSON document that is written or printed.

JSON has neither paths nor tuples nor non-finite numbers, but a record of a diverged run must be savable.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEPTH = 32
"""Deepest nesting of a document that is read; ours reach 4."""
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def spell(value: Any) -> Any:
    """`value` with paths as text, tuples as lists and non-finite numbers as words, at any depth."""
    if isinstance(value, Mapping):
        return {str(k): spell(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [spell(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return str(value) if isinstance(value, Path) else value


def unspell(value: Any) -> Any:
    """The inverse of `spell` for non-finite numbers; paths stay text and tuples stay lists."""
    if isinstance(value, dict):
        return {k: unspell(v) for k, v in value.items()}
    if isinstance(value, list):
        return [unspell(v) for v in value]
    return NON_FINITE.get(value, value) if isinstance(value, str) else value


def parsed(text: str) -> Any:
    """The value of a JSON document that somebody else may have written.

    Raises:
        ValueError: not JSON, or nested deeper than DEPTH.
    """
    fault = f"nested deeper than {DEPTH} levels"
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(fault) from None
    level = [value]
    for _ in range(DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return value
    raise ValueError(fault)
