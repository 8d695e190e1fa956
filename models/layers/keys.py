"""Keys of module and parameter dictionaries, made of the names that a graph happens to have.

Torch forbids "." in the names of modules and parameters, and the names of its own methods (`items`, `to`).
A key has a ":" after each name but the last of several, which no method has; "%", ":" and "." in names are
written as in a URL. So different names have different keys, and plain ones can be read in a state dict.
"""

from __future__ import annotations

ESCAPED = "%:."


def key_of(name: str, *more: str) -> str:
    """The key of a node type, or of several names in this order, such as a type and its modality."""
    return ":".join(map(escaped, (name, *(more or ("",)))))


def escaped(name: str, characters: str = ESCAPED) -> str:
    """`name` with "%" and two hexadecimal digits for each of the ASCII `characters`, "%" among them."""
    return name.translate({ord(c): f"%{ord(c):02X}" for c in characters})
