"""A method with its settings in one word: `srgm`, `kmeans:labels=pseudo`, `srgm:decouple=off,damping=0`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from condense.config import build
from condense.methods.registry import METHODS
from condense.spec import join, split
from models.choices import canonical


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Method and settings out of `method[:setting=value[,setting=value …]]`.

    Raises:
        UnknownChoiceError: an unknown method.
        UserError: not of that form, an unknown setting, or a value out of range.
    """
    name, values = split(text, "method")
    method = canonical(METHODS, name, "method")
    return method, dataclasses.asdict(build(METHODS[method].settings, values, f"method {text!r}"))


def label(method: str, settings: Mapping[str, Any]) -> str:
    """The shortest such word: only the settings that differ from the method's defaults."""
    return join(method, METHODS[method].settings, settings) if method in METHODS else method
