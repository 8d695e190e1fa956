"""Looking a name up in a registry, with an error that helps."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
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
    check_choice(registry, name, argument)
    return registry[name]


def check_choice(known: Collection[str], name: str, argument: str) -> None:
    """Raise unless `name` is `known`; `argument` is what the user calls the choice.

    Raises:
        UnknownChoiceError: it is not; the message lists the choices and the nearest match.
    """
    if name not in known:
        raise UnknownChoiceError(f"{argument} (got {name!r}) is unknown; {nearest(name, known)}")
