"""Which values the settings of models can have, and which do not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHARES = ("dropout", "input_dropout", "attention_dropout", "teleport", "residual")
"""Parts of a whole: below one, or nothing would be left."""

LEAST: Mapping[str, int] = {"steps": 0}
"""Whole numbers that may be less than one: SGC's steps, of which none reads every meta-path."""

PER_HEAD = ("gat",)
"""Families whose `hidden` is the width of each head; elsewhere the heads share it out."""


def problem(key: str, value: Any) -> str:
    """The rule that a single value breaks, and the remedy; "" if it breaks none."""
    if isinstance(value, bool | str):
        return ""
    if key in SHARES:
        return "" if 0 <= value < 1 else "must lie in [0, 1); try 0.5"
    if key == "lr":
        return "" if value > 0 else "must be above 0; try 0.003"
    if isinstance(value, int):
        least = LEAST.get(key, 1)
        return "" if value >= least else f"must be at least {least}"
    return "" if value >= 0 else "must not be negative; try 0.0"


def misfit(name: str, defaults: Any, settings: Mapping[str, tuple[Any, ...]]) -> str:
    """Which widths the heads cannot share out evenly, and the remedy; "" if all can.

    Args:
        name: of the family.
        defaults: its settings, for what is not listed.
        settings: the values that are tried.
    """
    if name in PER_HEAD:
        return ""
    # SeHGNN's queries are a quarter as wide; HetGNN reads its neighbours in two directions.
    heads = {"sehgnn": 4, "sehgnn_late": 4, "hetgnn": 2}.get(name, getattr(defaults, "heads", 1))
    for hidden in settings.get("hidden", (getattr(defaults, "hidden", 0),)):
        for count in settings.get("heads", (heads,)):
            if hidden % count:
                return (
                    f"hidden (got {hidden}) must be a multiple of {count}; "
                    f"try {count * max(1, hidden // count)}, or change heads"
                )
    return ""
