"""Which values the settings of models may have, and which settings conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHARES = ("dropout", "input_dropout", "attention_dropout", "teleport", "residual")
"""Shares in [0, 1): at one, nothing would be left."""

LEAST: Mapping[str, int] = {"steps": 0}
"""Least values of integers that may be below one. SGC with 0 steps reads every meta-path."""

PER_HEAD = ("gat",)
"""Families whose `hidden` is the width of each head; in others the heads share it."""


def problem(key: str, value: Any) -> str:
    """The rule that a value breaks, with the remedy; "" if it breaks none."""
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
    """The first width that the heads cannot share evenly, with the remedy; "" if there is none.

    Args:
        name: the family's name.
        defaults: its default settings, used where `settings` lists no values.
        settings: setting -> the values that are tried.
    """
    if name in PER_HEAD:
        return ""
    # SeHGNN's queries are a quarter as wide as `hidden`; HetGNN reads its neighbours in two directions.
    heads = {"sehgnn": 4, "sehgnn_late": 4, "hetgnn": 2}.get(name, getattr(defaults, "heads", 1))
    for hidden in settings.get("hidden", (getattr(defaults, "hidden", 0),)):
        for count in settings.get("heads", (heads,)):
            if hidden % count:
                return (
                    f"hidden (got {hidden}) must be a multiple of {count}; "
                    f"try {count * max(1, hidden // count)}, or change heads"
                )
    return ""
