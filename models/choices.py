"""Looking a name up in a registry, with an error that helps."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class UnknownChoiceError(ValueError):
    """A name that no registry entry has."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """The sentence that lists `choices` and, where one is close to `name`, points at it."""
    known = list(choices)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}choose one of: {', '.join(known)}"


def choose(registry: Mapping[str, T], name: str, argument: str) -> T:
    """The entry of `registry` called `name`; `argument` is what the user calls the choice.

    Raises:
        UnknownChoiceError: no such entry; the message lists the choices and the nearest match.
    """
    if name not in registry:
        raise UnknownChoiceError(f"{argument} (got {name!r}) is unknown; {nearest(name, registry)}")
    return registry[name]
