"""JSON objects on disk, replaced whole and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condense.data.plain_json import parsed, spell, unspell
from condense.errors import FileError
from condense.io.replace import replacing
from evaluate.results.records import ELSEWHERE


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON object, replacing the file only when it is complete; see `spell` for its values.

    Raises:
        FileError: the file cannot be written.
    """
    text = json.dumps(spell(record), indent=1, allow_nan=False, ensure_ascii=False)
    with replacing(path, ELSEWHERE) as sink:
        sink.write(f"{text}\n".encode())


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file of `write_json`; empty if there is no file.

    Files of older versions have null in place of the words for non-finite numbers.

    Raises:
        FileError: the file cannot be read.
    """
    return parse_json(path, "delete it, or choose another --out") if path.exists() else {}


def parse_json(path: Path, remedy: str) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        path: of the file.
        remedy: what errors advise.

    Raises:
        FileError: the file cannot be read, or holds no JSON object; where it is cut or damaged, the error
            gives line and column.
    """
    try:
        if not path.is_file():  # Reading a pipe would wait for ever.
            raise ValueError("no regular file")
        record = parsed(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise ValueError(f"not an object but {type(record).__name__}")
        return unspell(record)
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({error}); {remedy}") from None
