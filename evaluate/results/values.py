"""The ranges of values in rows, declared beside the fields of dataclasses and checked as a file is read."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator


def _or_undefined(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    return math.nan if value in ("", "nan") else check(value)


UNDEFINED = WrapValidator(_or_undefined)
"""Marks a number that may be undefined: NaN, an empty field in the file (or "nan", where others write it)."""

Score = Annotated[float, Field(ge=0, le=1)]
ScoreOrNaN = Annotated[float, Field(ge=0, le=1), UNDEFINED]
Amount = Annotated[float, Field(ge=0, le=1e15)]
"""Seconds, MiB, ratios: finite, and small enough that sums over rows are finite too."""
AmountOrNaN = Annotated[float, Field(ge=0, le=1e15), UNDEFINED]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**64)]
"""What PyTorch's generators take."""
