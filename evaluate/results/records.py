"""Tables on disk: CSV files whose lines are instances of a dataclass."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from condense.io.replace import replacing
from evaluate.results.csv_table import Parse, read_table

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
    lines = [_line(_names(kind)), *map(record_line, records)]
    with replacing(path, ELSEWHERE) as sink:
        sink.write("".join(lines).encode())


def record_line(record: Any) -> str:
    """The line of a record in a file of `write_records`."""
    values = (getattr(record, name) for name in _names(type(record)))
    return _line([_field(value) for value in values])


def as_read(record: T) -> T:
    """The record as `read_records` has it: a whole number in a field of floats is a float."""
    kind = type(record)
    return checked_values(kind)({name: getattr(record, name) for name in _names(kind)})


def read_records(path: Path, kind: type[T], what: str, remedy: str) -> list[T]:
    """The records in a file of `write_records`; columns that older files lack have their defaults.

    Values are checked against the annotations of the fields, see `evaluate.results.values`. A damaged last
    line is left out with a warning, see `evaluate.results.csv_table`.

    Args:
        path: of the file.
        kind: the dataclass that was written.
        what: what errors call the records.
        remedy: what errors advise.

    Raises:
        FileError: the file cannot be read, is of another kind or version, or is damaged before its last line.
    """

    def parser(columns: list[str]) -> Parse[T]:
        _check_columns(columns, kind)
        return _parse(columns, kind)

    return read_table(path, _names(kind), parser, what, remedy)


def _check_columns(columns: Sequence[str], kind: type) -> None:
    """Raise unless a file with these columns holds `kind`, or did before fields with a default came in."""
    fields = dataclasses.fields(kind)
    known = [f.name for f in fields]
    optional = {f.name for f in fields if f.default is not dataclasses.MISSING}
    if missing := [n for n in known if n not in columns and n not in optional]:
        raise ValueError(f"column {missing[0]} is missing")
    for place, name in enumerate(columns):
        if name not in known or name in columns[:place]:
            raise ValueError(f"column {place + 1} (got {name!r}) is none of this table's")
    if list(columns) != [n for n in known if n in columns]:
        raise ValueError(f"columns (got {', '.join(columns)}) are in another order")


def _parse(columns: Sequence[str], kind: type[T]) -> Parse[T]:
    """What turns the fields of a line into a record."""
    check, empty = checked_values(kind), _empty(kind)

    def parse(fields: list[str]) -> T:
        if len(fields) != len(columns):
            raise ValueError(f"{len(fields)} fields where the header has {len(columns)}")
        texts = zip(columns, fields, strict=True)
        return check({name: text or empty.get(name, text) for name, text in texts})

    return parse


@lru_cache
def checked_values(kind: type[T]) -> Callable[[dict[str, Any]], T]:
    """What makes a `kind`, a dataclass, of texts, and raises ValueError where one breaks its annotation."""
    adapter = TypeAdapter(kind)

    def check(values: dict[str, Any]) -> T:
        try:
            return adapter.validate_python(values)
        except ValidationError as error:
            problem = error.errors()[0]
            where, rule = ".".join(map(str, problem["loc"])), problem["msg"]
            got = repr(problem["input"])[:60]
            raise ValueError(f"column {where} (got {got}): {rule[:1].lower()}{rule[1:]}") from None

    return check


@lru_cache
def _empty(kind: type) -> dict[str, Any]:
    """What an empty field stands for, where it is no text."""
    hints = get_type_hints(kind, include_extras=True)
    stands = {name: None for name, hint in hints.items() if type(None) in get_args(hint)}
    return stands | {name: math.nan for name, hint in hints.items() if hint is float}


def _names(kind: type) -> list[str]:
    return [f.name for f in dataclasses.fields(kind)]


def _line(fields: Sequence[Any]) -> str:
    """A line of CSV. A text with a line break is quoted only if the writer's own has the same characters."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(fields)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _field(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value
