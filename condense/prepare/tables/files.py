"""Opens CSV, TSV, Parquet and JSON-lines files as tables; errors name the file and the line."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from condense.errors import FileError
from condense.prepare.tables.batches import (
    check_csv,
    csv_batches,
    csv_names,
    parquet_batches,
    plain_type,
)
from condense.prepare.tables.json_lines import (
    json_batches,
    json_types,
    keys_in,
    line_batches,
    objects,
)
from condense.prepare.tables.table import Layout, line_numbers
from condense.prepare.tables.table_file import Read, TableFile
from models.choices import nearest

KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
TABBED = (".tsv", ".tab")
COMPRESSED = ".gz"
KEYS_ROWS = 1000
"""Rows of JSON whose keys are looked at before all are read."""


def layout_of(path: Path, header: tuple[str, ...], delimiter: str | None, where: str) -> Layout:
    """The layout that a file's ending states; .gz may follow.

    Args:
        path: the file.
        header: names of the columns, where a CSV file has no line of them.
        delimiter: of a CSV file; None for the usual one.
        where: the section that states them, for messages.

    Raises:
        FileError: the ending is of no table, or of one without a delimiter.
    """
    ending = Path(path.name.removesuffix(COMPRESSED)).suffix.lower()
    if ending not in KINDS:
        raise FileError(f"{path} is no table; its name must end in one of: {', '.join(KINDS)}")
    if KINDS[ending] != "csv" and (header or delimiter):
        raise FileError(
            f"{where}: header and delimiter are of CSV and TSV files, and not of {path}; take them out"
        )
    return Layout(KINDS[ending], delimiter or ("\t" if ending in TABBED else ","), header)


def column_names(path: Path, layout: Layout, where: str) -> list[str]:
    """The columns of a file; of JSON lines, the keys of the first rows.

    Raises:
        FileError: it is missing or damaged.
    """
    if not path.is_file():
        raise FileError(f"{path} is missing; correct file in {where}")
    with _named(path, layout):
        if layout.kind == "parquet":
            return parquet.read_schema(path).names
        if layout.kind == "jsonl":
            first = itertools.islice(objects(path), KEYS_ROWS)
            return list(dict.fromkeys(key for row in first for key in row))
        return csv_names(path, layout)


def open_table(path: Path, layout: Layout, wanted: Mapping[str, str], where: str) -> TableFile:
    """The columns of a file that are needed, not read yet.

    Args:
        path: the file.
        layout: its kind.
        wanted: column -> the setting that names it.
        where: the section of the file that describes the tables, for messages.

    Raises:
        FileError: it is missing or damaged, or lacks a column.
    """
    names = column_names(path, layout, where)
    if layout.kind != "jsonl":
        _check_columns(path, wanted, names, where)
        with _named(path, layout):
            types = _types(path, layout, wanted)
        text = partial(csv_batches, path, layout)
        read = text if layout.kind == "csv" else partial(parquet_batches, path)
        return TableFile(path, layout, types, _reading(path, layout, read))
    with _named(path, layout):
        found = json_types(path, wanted)
        _check_columns(path, wanted, keys_in(path, wanted) if found is None else [*found], where)
    if found is None:
        types, read = dict.fromkeys(wanted, pa.large_string()), partial(line_batches, path)
    else:
        types = {name: found[name] for name in wanted}
        read = partial(json_batches, path, types)
    return TableFile(path, layout, types, _reading(path, layout, read))


def _types(path: Path, layout: Layout, wanted: Mapping[str, str]) -> dict[str, pa.DataType]:
    if layout.kind == "csv":
        return dict.fromkeys(wanted, pa.large_string())
    schema = parquet.read_schema(path)
    return {name: plain_type(schema.field(name).type) for name in wanted}


def _reading(path: Path, layout: Layout, read: Read) -> Read:
    """`read` of a file, whose errors name the file and the line."""

    def named(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with _named(path, layout):
            yield from read(columns)

    return named


def _check_columns(path: Path, wanted: Mapping[str, str], names: list[str], where: str) -> None:
    for column, setting in wanted.items():
        if names.count(column) != 1:
            what = "several columns" if column in names else "no column"
            remedy = "rename all but one" if column in names else nearest(column, names)
            if len(names) == 1 and path.name.endswith((".csv", ".tsv", ".txt")):
                remedy += ", or set delimiter if it is not one column"
            raise FileError(
                f"{path} has {what} {column!r}, which {setting} names in {where}; {remedy}"
            )


@contextmanager
def _named(path: Path, layout: Layout) -> Iterator[None]:
    """Convert errors in the block into a FileError with the path, the line and a remedy."""
    try:
        yield
    except FileError:
        raise
    except Exception as error:  # A damaged file may raise anything in pyarrow.
        said = (str(error) or type(error).__name__).splitlines()[0]
        place, remedy = str(path), "save it again, as UTF-8 if it is text"
        if layout.kind == "csv" and "CSV parse error" in said:
            said, place = _csv_place(path, layout, said)
            remedy = "quote cells that contain the delimiter or a quote, or set delimiter"
        raise FileError(f"{place} cannot be read ({said}); {remedy}") from None


def _csv_place(path: Path, layout: Layout, said: str) -> tuple[str, str]:
    """What is wrong, and the file and the line, which pyarrow counts only when it reads in one thread."""
    try:
        check_csv(path, layout)
    except pa.ArrowException as error:
        said = str(error).splitlines()[0]
    found = re.match(r"CSV parse error: (?:Row #(\d+): )?(.*?)(?:: .*)?$", said)
    if not found:
        return said, str(path)
    if not found[1]:
        return found[2], str(path)
    row = int(found[1]) - 1  # From 1, with the header's line.
    try:
        lines = line_numbers(path, Layout("csv", layout.delimiter, ("all",)))
        return found[2], f"{path}, line {next(itertools.islice(lines, row, None))}"
    except UnicodeDecodeError:
        return f"{found[2]}; it is not UTF-8", str(path)
    except (csv.Error, ValueError, OSError, StopIteration):
        return found[2], str(path)
