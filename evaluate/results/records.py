"""Tables on disk: CSV files whose lines are instances of a dataclass."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from condense.errors import FileError
from condense.io.replace import replacing

ELSEWHERE = "choose another --out"
"""How a user saves results elsewhere, for errors."""

T = TypeVar("T")


def write_records(path: Path, kind: type[T], records: Iterable[T]) -> None:
    """Write `records` as CSV, replacing the file only when it is complete; NaN and None are empty.

    Args:
        path: of the file.
        kind: a dataclass whose fields are str, int or float, or one of these and None; they become columns.
        records: instances of it.

    Raises:
        FileError: the file cannot be written.
    """
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, names, lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({name: _field(getattr(record, name)) for name in names})
    with replacing(path, ELSEWHERE) as sink:
        sink.write(table.getvalue().encode())


def read_records(path: Path, kind: type[T], what: str, remedy: str) -> list[T]:
    """The records in a file of `write_records`; columns that older files lack have their defaults.

    Args:
        path: of the file.
        kind: the dataclass that was written.
        what: what errors call the records.
        remedy: what errors advise.

    Raises:
        FileError: the file cannot be read, or is of another kind or version.
    """
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    kinds = {f.name: str(f.type) for f in fields}
    optional = {f.name for f in fields if f.default is not dataclasses.MISSING}
    records = []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = list(reader.fieldnames or ())
            if columns != [n for n in kinds if n in columns or n not in optional]:
                raise ValueError("other columns")
            for record in reader:
                if None in record or None in record.values():
                    raise ValueError(f"line {reader.line_num} is of another length")
                values: dict[str, Any] = {n: _read(kinds[n], record[n]) for n in columns}
                records.append(kind(**values))
        return records
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise FileError(f"{path} cannot be read as {what} ({error}); {remedy}") from None


def _field(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value


def _read(kind: str, text: str) -> str | int | float | None:
    if not text and "None" in kind:
        return None
    if kind.startswith("int"):
        return int(text)
    if kind.startswith("float"):
        return float(text) if text else math.nan
    return text
