"""Names of types, relations and attributes as names of HDF5 groups and datasets.

HDF5 reads "/" as a path and "." as the group itself, ends a name at NUL, and a relation's key is its three
names joined by ":". These characters, and "%" itself, are stored as in a URL: "%" and two hexadecimal digits.
All other names are stored as they are. Version 1 of the format had no such names and decodes none.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from torch_geometric.typing import EdgeType

ENCODED = "%/:.\0"
ENCODED_SINCE = 2
"""The first version of the format in which names are encoded."""


def encoded(name: str) -> str:
    """The name under which a file stores `name`; different names stay different."""
    return name.translate({ord(c): f"%{ord(c):02X}" for c in ENCODED})


def decoded(text: str, version: int = ENCODED_SINCE) -> str:
    """The name that a file of this version stores as `text`.

    Raises:
        ValueError: no name is stored as `text`, such as "%2f", "%41" or ".".
    """
    if version < ENCODED_SINCE:
        return text
    name = unquote(text)
    if encoded(name) != text:
        raise ValueError(f"{text!r} is not an encoded name")
    return name


def joined(names: Iterable[str]) -> str:
    """Names as one text that no other names have: `encoded`, with ":" between them."""
    return ":".join(map(encoded, names))


def relation_key(relation: EdgeType) -> str:
    """A relation's source, name and destination as one text, from which `relation_of` makes it again."""
    return joined(relation)


def relation_of(key: str, version: int = ENCODED_SINCE) -> EdgeType:
    """The relation that a file of this version stores as `key`.

    Raises:
        ValueError: `key` does not have three parts, or one of them is not an encoded name.
    """
    parts = key.split(":")
    if len(parts) != 3:
        raise ValueError(f"{key!r} must have the form source:name:destination")
    source, name, destination = (decoded(part, version) for part in parts)
    return source, name, destination
