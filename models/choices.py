"""Looking up a name in a registry, in any spelling, with an error that lists the choices."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class UnknownChoiceError(ValueError):
    """A name that is not registered."""


def folded(name: str) -> str:
    """The name without case, `-`, `_` and spaces: `HGNN-IMA` and `hgnn_ima` both give `hgnnima`."""
    return "".join(c for c in name.casefold() if c not in "-_ ")


def registered(known: Iterable[str], name: str) -> str | None:
    """The spelling of `name` in `known`, or None if it is not there.

    An exact match wins. Otherwise case, `-`, `_` and spaces do not matter, as long as only one of `known`
    matches.
    """
    names = list(known)
    if name in names:
        return name
    matches = [each for each in names if folded(each) == folded(name)]
    return matches[0] if len(matches) == 1 else None


def canonical(known: Collection[str], name: str, argument: str) -> str:
    """The spelling of `name` in `known`; see `registered`.

    Args:
        known: the registered names.
        name: as the user spells it.
        argument: what the user calls the choice, for the error.

    Raises:
        UnknownChoiceError: no such name; the message lists the choices and the nearest match.
    """
    spelling = registered(known, name)
    if spelling is None:
        raise UnknownChoiceError(f"{argument} (got {name!r}) is unknown; {nearest(name, known)}")
    return spelling


def choose(registry: Mapping[str, T], name: str, argument: str) -> T:
    """The entry of `registry` called `name`, in any spelling; see `canonical`.

    Raises:
        UnknownChoiceError: no such entry; the message lists the choices and the nearest match.
    """
    return registry[canonical(registry, name, argument)]


def check_choice(known: Collection[str], name: str, argument: str) -> None:
    """Raise unless `name` is among `known`, in any spelling; see `canonical`.

    Raises:
        UnknownChoiceError: it is not; the message lists the choices and the nearest match.
    """
    canonical(known, name, argument)


def nearest(name: str, choices: Iterable[str]) -> str:
    """A sentence that lists `choices` and suggests the one closest to `name`, if any is close."""
    names = list(choices)
    spelled = {folded(each): each for each in reversed(names)}
    close = difflib.get_close_matches(name, names, n=1) or [
        spelled[each] for each in difflib.get_close_matches(folded(name), spelled, n=1)
    ]
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}choose one of: {', '.join(names)}"
