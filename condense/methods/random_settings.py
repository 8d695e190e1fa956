"""Settings of random selection: none."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from condense.config import STRICT


@dataclass(frozen=True, config=STRICT)
class RandomSettings:
    """Random selection has no settings."""
