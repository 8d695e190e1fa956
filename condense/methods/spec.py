"""Methods with settings as text: `srgm`, `kmeans:labels=pseudo`, `srgm:decouple=off,damping=0`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from condense.config import build
from condense.methods.registry import METHODS
from condense.spec import join, split
from models.choices import canonical, folded

ALL_FAST = "all-fast"
"""Stands for the methods that take less than a minute, see `MethodEntry.fast`."""


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """The method and settings that `method[:setting=value[,setting=value …]]` names.

    Raises:
        UnknownChoiceError: the method is unknown.
        UserError: the text has another form, names an unknown setting, or sets a value out of range.
    """
    name, values = split(text, "method")
    method = canonical(METHODS, name, "method")
    return method, dataclasses.asdict(build(METHODS[method].settings, values, f"method {text!r}"))


def parse_all(texts: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """The methods and settings that these texts name, each once; ALL_FAST stands for all fast methods.

    Raises:
        UnknownChoiceError, UserError: as of `parse`.
    """
    fast = [name for name, entry in METHODS.items() if entry.fast]
    words = [
        word for text in texts for word in (fast if folded(text) == folded(ALL_FAST) else [text])
    ]
    named = [parse(word) for word in words]
    return [each for i, each in enumerate(named) if each not in named[:i]]


def label(method: str, settings: Mapping[str, Any]) -> str:
    """The shortest text that `parse` reads back: settings that equal the method's defaults are left out."""
    return join(method, METHODS[method].settings, settings) if method in METHODS else method
