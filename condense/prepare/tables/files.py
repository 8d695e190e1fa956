"""Reads columns of CSV, TSV, Parquet and JSON-lines files with pyarrow; errors name the file and the line."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.json as arrow_json
import pyarrow.parquet as parquet

from condense.errors import FileError
from condense.prepare.tables.table import Layout, Table, line_numbers, opened
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
BLOCK = 16 << 20
"""Bytes read at a time; no line may be longer."""
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
            first = itertools.islice(_objects(path), KEYS_ROWS)
            return list(dict.fromkeys(key for row in first for key in row))
        options = arrow_csv.ReadOptions(block_size=BLOCK, column_names=list(layout.header) or None)
        with arrow_csv.open_csv(path, options, _parsing(layout)) as reader:
            return reader.schema.names


def read_table(path: Path, layout: Layout, wanted: Mapping[str, str], where: str) -> Table:
    """Columns of a file.

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
        if layout.kind == "parquet":
            read = parquet.read_table(path, columns=list(wanted))
        elif layout.kind == "jsonl":
            read = _json_lines(path, wanted)
        else:
            read = _csv(path, layout, wanted, threads=True)
    _check_columns(path, wanted, read.column_names, where)
    columns = {name: _whole(read[name]) for name in wanted}
    return Table(path, layout, columns, read.num_rows)


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


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; strings may be longer than 2 GiB together."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind) or pa.types.is_string_view(kind) or pa.types.is_large_string(kind):
        kind = pa.large_string()
    column = column if column.type == kind else column.cast(kind)
    made = column.combine_chunks()
    return made if isinstance(made, pa.Array) else pa.concat_arrays(made.chunks)


def _parsing(layout: Layout) -> arrow_csv.ParseOptions:
    return arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True)


def _csv(path: Path, layout: Layout, wanted: Collection[str], threads: bool) -> pa.Table:
    """Cells as they are written: a type that is guessed would make 7 of "007"."""
    options = arrow_csv.ReadOptions(
        block_size=BLOCK, column_names=list(layout.header) or None, use_threads=threads
    )
    convert = arrow_csv.ConvertOptions(
        include_columns=list(wanted), column_types=dict.fromkeys(wanted, pa.large_string())
    )
    return arrow_csv.read_csv(path, options, _parsing(layout), convert)


def _json_lines(path: Path, wanted: Collection[str]) -> pa.Table:
    options = arrow_json.ReadOptions(block_size=BLOCK)
    try:
        read = arrow_json.read_json(path, options)
        dates = [f.name for f in read.schema if pa.types.is_timestamp(f.type)]
        if not set(dates) & set(wanted):
            return read
        # Strings that look like dates are kept as they are written.
        schema = pa.schema([(name, pa.string()) for name in dates])
        return arrow_json.read_json(path, options, arrow_json.ParseOptions(explicit_schema=schema))
    except pa.ArrowException:
        return _json_by_line(path, wanted)


def _json_by_line(path: Path, wanted: Collection[str]) -> pa.Table:
    """What pyarrow refuses: a column with strings and numbers; and which line is wrong."""
    columns: dict[str, list[str | None]] = {name: [] for name in wanted}
    seen: set[str] = set()
    for row in _objects(path, wanted):
        seen |= row.keys()
        for name, values in columns.items():
            values.append(_as_text(row.get(name)))
    found = {name: values for name, values in columns.items() if name in seen}
    return pa.table({name: pa.array(v, pa.large_string()) for name, v in found.items()})


def _objects(path: Path, plain: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines.

    Args:
        path: the file.
        plain: keys whose values must be strings, numbers or lists of strings.

    Raises:
        FileError: a line is no such object.
    """
    with opened(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("it must be one object, {…}")
                for key in plain:
                    if isinstance(row.get(key), dict | list) and not _is_text_list(row[key]):
                        raise ValueError(f"{key} must be a string or a number")
            except (ValueError, RecursionError) as error:
                raise FileError(
                    f"{path}, line {number} cannot be read ({error}); write one object of JSON a line"
                ) from None
            yield row


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _as_text(value: Any) -> str | None:
    if isinstance(value, list):
        return " ".join(value)
    return value if value is None or isinstance(value, str) else json.dumps(value)


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
        _csv(path, layout, (), threads=False)
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
