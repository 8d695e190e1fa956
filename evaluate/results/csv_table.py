"""Reading tables that a kill, a full disk or an editor may have damaged.

A damaged last line is left out with a warning: a process that ended while it wrote costs no more than the
line that it wrote. Damage anywhere else is refused with its line and column, and the file stays as it is.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from condense.errors import FileError

logger = logging.getLogger(__name__)

T = TypeVar("T")
Parse = Callable[[list[str]], T]
"""The record in the fields of a line; a ValueError says what is wrong with them."""


def read_table(
    path: Path,
    columns: Sequence[str],
    parser: Callable[[list[str]], Parse[T]],
    what: str,
    remedy: str,
) -> list[T]:
    """The records in a CSV file with a header; empty lines are skipped.

    A line that does not end in a line break has been cut, whatever is left of it.

    Args:
        path: of the file.
        columns: all that a new file has; a header that is cut is the beginning of these.
        parser: the columns of the file -> what reads its lines; a ValueError refuses the columns.
        what: what errors call the records.
        remedy: what errors advise beside correcting the line.

    Raises:
        FileError: the file cannot be read, has other columns, or is damaged before its last line.
    """
    if path.exists() and not path.is_file():  # Reading a pipe would wait for ever.
        raise FileError(f"{path} cannot be read as {what} (no regular file); {remedy}")
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{path} cannot be read as {what} ({reason}); {remedy}") from None
    if ",".join(columns).encode().startswith(content):
        _warn(path, 1, "the line is cut", 0)
        return []
    physical = content.splitlines(keepends=True)
    records: list[T] = []
    parse: Parse[T] | None = None
    for first, fields in _lines(physical):
        try:
            if isinstance(fields, ValueError):
                raise fields
            if parse is None:
                parse = parser(fields)
            elif first == len(physical) and not physical[-1].endswith((b"\n", b"\r")):
                raise ValueError("the line is cut: no line break ends it")
            else:
                records.append(parse(fields))
        except ValueError as error:
            if parse is None or first < len(physical):
                raise FileError(
                    f"{path} cannot be read as {what}: line {first}, {error}; correct "
                    f"{'the header' if parse is None else 'or delete the line'}, or {remedy}"
                ) from None
            _warn(path, first, str(error), len(records))
    if parse is None:
        raise FileError(f"{path} cannot be read as {what}: it has no header; {remedy}")
    return records


def _lines(physical: Sequence[bytes]) -> Iterator[tuple[int, list[str] | ValueError]]:
    """The number of each line, from 1, with its fields or with what is wrong; nothing follows an error.

    A quoted field may go on over several lines; the first one's number counts.
    """
    reader = csv.reader(map(_text, physical), strict=True)
    while True:
        first = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except (csv.Error, ValueError) as error:
            yield first, ValueError(str(error))
            return
        if fields:
            yield first, fields


def _text(line: bytes) -> str:
    if (place := line.find(b"\0")) >= 0:
        raise ValueError(f"byte {place + 1} of it is NUL")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} of it is not UTF-8") from None


def _warn(path: Path, line: int, problem: str, kept: int) -> None:
    logger.warning(
        "%s: line %d, the last, is left out (%s); %s; the next run computes what is missing",
        path, line, problem,
        "nothing is before it" if not kept else f"all before it are kept, {kept}",
    )  # fmt: skip
