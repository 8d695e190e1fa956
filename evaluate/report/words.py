"""Numbers and lists as people write them."""

from __future__ import annotations

from collections.abc import Sequence


def percent(share: float, digits: int = 1) -> str:
    """0.0123 -> "1.2 %", with a space that does not break."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def listed(parts: Sequence[str]) -> str:
    """a, b and c; at least one part."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def counted(number: int, noun: str) -> str:
    """1 training, 2 trainings."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def slug(text: str) -> str:
    """Text as a file's name or an anchor: letters, digits and dashes."""
    return (
        "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()).strip("-") or "x"
    )
