"""Options that name modalities, as words."""

from __future__ import annotations

from collections.abc import Sequence

from condense.errors import UserError


def widths(words: Sequence[str] | None) -> dict[str, int] | None:
    """Modality -> width, from words NAME:WIDTH."""
    if words is None:
        return None
    found: dict[str, int] = {}
    for word in words:
        name, _, width = word.rpartition(":")
        if not name or not width.isdecimal() or not int(width) or name in found:
            raise UserError(
                f"modalities (got {word!r}) must read NAME:WIDTH, each name once; try text:512 image:512"
            )
        found[name] = int(width)
    return found


def sources(words: Sequence[str] | None) -> dict[str, int] | dict[str, str] | None:
    """Modality -> width, from words NAME:WIDTH; or modality -> attribute, from words NAME:ATTRIBUTE."""
    if words is None or all(word.rpartition(":")[2].isdecimal() for word in words):
        return widths(words)
    found: dict[str, str] = {}
    for word in words:
        name, _, attribute = word.partition(":")
        if not name or not attribute or attribute.isdecimal() or name in found:
            raise UserError(
                f"modalities (got {word!r}) must read NAME:WIDTH for columns of x, or NAME:ATTRIBUTE, all "
                "alike and each name once; try text:512 image:512, or text:x image:img"
            )
        found[name] = attribute
    return found
