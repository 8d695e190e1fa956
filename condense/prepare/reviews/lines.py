"""Files with one record a line: JSON, or Python's literals as in the review files of 2014."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from condense.errors import FileError
from condense.prepare.tables.table import opened


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The number of each line that is not empty, from 1, and its record.

    Args:
        path: a text file in UTF-8, compressed (.gz) or not.

    Raises:
        FileError: the file is missing or damaged, or a line is no record.
    """
    if not path.is_file():
        raise FileError(f"{path} is no file; give one with one product or review a line")
    number = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Backslashes in Python's literals.
        try:
            with opened(path) as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield number, _record(path, number, line.strip())
        except (OSError, UnicodeError) as error:
            raise FileError(
                f"{path} cannot be read after line {number} ({error}); download it again"
            ) from None


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    """A line's record. Literals are data: no code of the file's runs."""
    record: Any = None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        try:
            record = ast.literal_eval(line)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            record = None
    if not isinstance(record, dict):
        raise FileError(
            f"{path}, line {number} is neither an object of JSON nor a Python dictionary; write one record a "
            "line, or delete it"
        )
    return record
