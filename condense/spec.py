"""A name with settings in one word, such as `kmeans:labels=pseudo` or `hgnn_ima:layers=2,influence=own`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from condense.config import build
from condense.errors import UserError


def split(text: str, what: str) -> tuple[str, dict[str, str]]:
    """Parse the name and the values of `name[:setting=value[,setting=value …]]`.

    Args:
        text: the word.
        what: what messages call it.

    Raises:
        UserError: `text` does not have that form.
    """
    name, _, rest = text.partition(":")
    values: dict[str, str] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"{what} {text!r}: {part!r} must read setting=value")
        values[key.strip()] = value.strip()
    return name, values


def checked(kind: type, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The given settings, converted to the types that `kind` declares.

    Raises:
        UserError: an unknown setting, or a value out of range.
    """
    settings = build(kind, values, where)
    return {name: getattr(settings, name) for name in values}


def join(name: str, kind: type, settings: Mapping[str, Any]) -> str:
    """The shortest such word: it lists only settings that differ from the defaults of `kind`."""
    defaults = dataclasses.asdict(kind())
    changed = [f"{k}={_spell(v)}" for k, v in settings.items() if defaults.get(k) != v]
    return f"{name}:{','.join(changed)}" if changed else name


def _spell(value: Any) -> str:
    """The shortest text that parses back to `value`."""
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
