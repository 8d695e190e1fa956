"""Numbers and lists as text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def percent(share: float, digits: int = 1) -> str:
    """0.0123 -> "1.2 %", with a no-break space."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def listed(parts: Sequence[str]) -> str:
    """The parts as "a, b and c"; there must be at least one."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 training", "2 trainings"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def listed_or_counted(names: Sequence[str], noun: str, most: int = 4) -> str:
    """The names, or their number if there are more than `most`."""
    return listed(names) if len(names) <= most else counted(len(names), noun)


def exact_slug(text: str) -> str:
    """`slug`, with a digest where that loses anything, so that two names never share a file."""
    plain = slug(text)
    return plain if plain == text else f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def slug(text: str) -> str:
    """Text as the beginning of a file name or an anchor: letters, digits and dashes, at most 100."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()).strip("-")
    if len(plain) > 100:  # Two long texts that begin alike stay different.
        plain = f"{plain[:87]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return plain or "x"
