"""Text for people: names may hold characters that a terminal or a browser would obey rather than print."""

from __future__ import annotations

import re

OBEYED = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters but tab and line feed, changes of the direction of writing, what XML and UTF-8 lack."""


def shown(name: str) -> str:
    """`name` on one line; what is not printed but obeyed is spelled as in Python."""
    return "".join(c if c.isprintable() else _spelled(c) for c in name)


def printable(text: str) -> str:
    """`text` on its lines; what is `OBEYED` is spelled as in Python."""
    return OBEYED.sub(lambda match: _spelled(match[0]), text)


def json_escaped(document: str) -> str:
    """The same JSON text, whose strings have escapes where characters are `OBEYED`."""
    return OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode()
