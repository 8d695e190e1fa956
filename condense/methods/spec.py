"""A method with its settings in one word: `srgm`, `kmeans:labels=pseudo`, `srgm:decouple=off,damping=0`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from condense.config import build
from condense.errors import UserError
from condense.methods.registry import METHODS
from models.choices import choose


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Method and settings out of `method[:setting=value[,setting=value …]]`.

    Raises:
        UnknownChoiceError: an unknown method.
        UserError: not of that form, an unknown setting, or a value out of range.
    """
    method, _, rest = text.partition(":")
    entry = choose(METHODS, method, "method")
    values: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"method {text!r}: {part!r} must read setting=value")
        values[key.strip()] = value.strip()
    return method, dataclasses.asdict(build(entry.settings, values, f"method {text!r}"))


def label(method: str, settings: Mapping[str, Any]) -> str:
    """The shortest such word: only the settings that differ from the method's defaults."""
    if method not in METHODS:
        return method
    defaults = dataclasses.asdict(METHODS[method].settings())
    changed = [f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}"
               for k, v in settings.items() if defaults.get(k) != v]  # fmt: skip
    return f"{method}:{','.join(changed)}" if changed else method
