"""A table's columns, and messages that say in which line of the file something is."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from condense.errors import FileError
from condense.prepare.tables.compute import trimmed, without

SHOWN = 3
"""Lines that a message lists."""
LONGEST = 60
"""Characters of a value that a message shows."""


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out.

    Attributes:
        kind: "csv", "jsonl" or "parquet".
        delimiter: between cells, of CSV.
        header: names of the columns, of CSV without a line of them; else empty.
    """

    kind: str
    delimiter: str = ","
    header: tuple[str, ...] = ()


@dataclass
class Rows:
    """Some rows of a file: how many, and the first of them.

    Attributes:
        count: how many.
        first: the numbers of the first SHOWN, from 0.
    """

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, rows: NDArray[np.bool_], start: int = 0) -> None:
        """Add those of the rows from number `start` on where `rows` [k] is true."""
        numbers = np.flatnonzero(rows)
        self.count += len(numbers)
        self.first.extend(start + int(n) for n in numbers[: SHOWN - len(self.first)])


@dataclass(frozen=True)
class Table:
    """Columns of a file, in all of its rows or in some that follow each other.

    Attributes:
        path: the file.
        layout: its kind.
        columns: name -> values, of the columns that are needed.
        count: rows.
        start: the number of the first one in the file.
    """

    path: Path
    layout: Layout
    columns: Mapping[str, pa.Array]
    count: int
    start: int = 0

    def strings(self, column: str, whole: bool | None = None) -> pa.Array:
        """A column as strings without spaces around them, null where nothing is left.

        Whole numbers read alike in all formats, also where a file has them as floats: 7 is "7".

        Args:
            column: its name.
            whole: whether floats are whole numbers in all rows of the file; None if these are all.

        Raises:
            FileError: its values are no strings or numbers.
        """
        values = self.columns[column]
        if pa.types.is_floating(values.type):
            missing, are_whole = whole_numbers(values)
            values = without(values, missing)
            if are_whole if whole is None else whole:
                values = values.cast(pa.int64())
        try:
            return trimmed(values.cast(pa.large_string()))
        except pa.ArrowException:
            raise FileError(
                f"{self.path}: column {column!r} (got {values.type}) must hold strings or numbers; write one "
                "value in each cell"
            ) from None

    def wrong(
        self, column: str, rows: NDArray[np.bool_], rule: str, remedy: str, what: str = "rows"
    ) -> FileError:
        """The error that values of a column break a rule.

        Args:
            column: the column.
            rows: where they do, [count], at least once.
            rule: what they must be.
            remedy: what to do.
            what: what the rows are called where there are several.
        """
        found = Rows()
        found.add(rows, self.start)
        got = self.columns[column][found.first[0] - self.start].as_py()
        return wrong_cells(self.path, self.layout, column, got, found, rule, remedy, what)

    def lines_of(self, rows: NDArray[np.bool_]) -> str:
        """The file and the lines of the first few rows where `rows` [count] is true."""
        found = Rows()
        found.add(rows, self.start)
        return lines_of(self.path, self.layout, found)


def whole_numbers(values: pa.Array) -> tuple[NDArray[np.bool_], bool]:
    """Where floats are null or NaN [n], and whether all others are whole numbers."""
    floats = values.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    missing = np.isnan(floats)
    known = floats[~missing]
    return missing, bool(((known == np.trunc(known)) & (np.abs(known) < 2**53)).all())


def wrong_cells(
    path: Path,
    layout: Layout,
    column: str,
    got: object,
    rows: Rows,
    rule: str,
    remedy: str,
    what: str = "rows",
) -> FileError:
    """The error that values of a column break a rule.

    Args:
        path: the file.
        layout: its kind.
        column: the column.
        got: the first of these values.
        rows: where they are.
        rule: what they must be.
        remedy: what to do.
        what: what the rows are called where there are several.
    """
    many = f" ({rows.count:,} {what})" if rows.count > 1 else ""
    text = shortened(repr(got) if isinstance(got, str) else str(got))
    shown = "nothing" if got is None or got == "" else text
    return FileError(
        f"{lines_of(path, layout, rows)}: {column} (got {shown}) {rule}{many}; {remedy}"
    )


def lines_of(path: Path, layout: Layout, rows: Rows) -> str:
    """The file and the lines of the first few `rows`."""
    word, lines = _lines(path, layout, rows.first)
    more = f" and {rows.count - len(lines):,} more" if rows.count > len(lines) else ""
    plural = "s" if rows.count > 1 else ""
    return f"{path}, {word}{plural} {', '.join(map(str, lines))}{more}"


def _lines(path: Path, layout: Layout, rows: Sequence[int]) -> tuple[str, list[int]]:
    """What rows are counted in, and their numbers, from 1."""
    by_row = "row", [row + 1 for row in rows]
    if layout.kind == "parquet":
        return by_row
    try:
        numbers = itertools.islice(line_numbers(path, layout), max(rows) + 1)
        found = {row: line for row, line in enumerate(numbers) if row in rows}
        return "line", [found[row] for row in rows]
    except (csv.Error, ValueError, OSError, KeyError):  # Cells that the csv module calls too long.
        return by_row


def shortened(text: str) -> str:
    """`text`, or its beginning."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def line_numbers(path: Path, layout: Layout) -> Iterator[int]:
    """The line in which each row begins; cells may have several lines, and empty lines count for no row."""
    with opened(path) as lines:
        if layout.kind == "jsonl":
            yield from (number for number, line in enumerate(lines, 1) if line.strip())
            return
        reader, line, skip = csv.reader(lines, delimiter=layout.delimiter), 1, not layout.header
        for cells in reader:
            if cells and not skip:
                yield line
            skip = skip and not cells
            line = reader.line_num + 1


def opened(path: Path) -> io.TextIOWrapper:
    """A text file, which may be compressed."""
    stream = pa.input_stream(str(path), compression="detect")
    return io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")  # type: ignore[arg-type]
