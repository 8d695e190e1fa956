"""Names of the node types and relations of HGB's data sets, from info.dat in either of its forms.

ACM, DBLP and IMDB have JSON; Freebase has a text with two tables, under "TYPE MEANING" and
"LINK START END MEANING". A meaning such as paper-cite-paper names its ends around the relation.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condense.data.plain_json import parsed
from condense.datasets.arrays import file_errors

LENGTH = 1 << 20
"""Longest info.dat, in characters."""


@dataclass(frozen=True)
class Names:
    """What info.dat says; empty where it says nothing.

    Attributes:
        types: number of a node type -> its name.
        relations: number of a relation -> the types of its sources and of its destinations, and its meaning.
    """

    types: dict[int, str]
    relations: dict[int, tuple[int, int, str]]


def read_names(path: Path) -> Names:
    """The names in info.dat; none without that file.

    Raises:
        FileError: it has neither of the two forms.
    """
    if not os.path.isfile(path):
        return Names({}, {})
    with file_errors(path):
        with path.open(encoding="utf-8") as stream:
            text = stream.read(LENGTH + 1)
        if len(text) > LENGTH:
            raise ValueError(f"more than {LENGTH:,} characters where a few names are expected")
        names = _of_json(parsed(text)) if text.lstrip().startswith("{") else _of_tables(text)
        if len(set(names.types.values())) < len(names.types):
            raise ValueError("two node types have one name")
        return names


def relation_name(meaning: str, source: str, destination: str) -> str:
    """The relation in a meaning: what is between its ends, else "to", as in PyG's HGBDataset."""
    parts = [part.strip(" <>") for part in meaning.split("-")]
    between = parts[1] if len(parts) > 1 else parts[0]
    # Freebase writes its types in capitals.
    return "to" if between.lower() in ("", source.lower(), destination.lower()) else between


def _of_json(info: Any) -> Names:
    try:
        types = {int(key): str(name) for key, name in info["node.dat"]["node type"].items()}
        relations = {
            int(key): (int(link["start"]), int(link["end"]), str(link["meaning"]))
            for key, link in info["link.dat"]["link type"].items()
        }
    except (KeyError, TypeError, AttributeError):
        raise ValueError(
            "it lacks the names ['node.dat']['node type'] or the start, end and meaning of each of "
            "['link.dat']['link type']"
        ) from None
    return Names(types, relations)


def _of_tables(text: str) -> Names:
    types = {int(key): name.lower() for key, name in _table(text, "TYPE", "MEANING")}
    relations = {
        int(key): (int(start), int(end), meaning)
        for key, start, end, meaning in _table(text, "LINK", "START", "END", "MEANING")
    }
    return Names(types, relations)


def _table(text: str, *header: str) -> list[list[str]]:
    """The rows below a header that begin with a number."""
    rows: list[list[str]] | None = None
    for line in text.splitlines():
        words = line.split(None, len(header) - 1)
        if words == list(header):
            rows = []
        elif rows is not None:
            if len(words) != len(header) or not words[0].isdecimal():
                break
            rows.append([word.strip() for word in words])
    if not rows:
        raise ValueError(f"it has no table below {' '.join(header)}")
    return rows
