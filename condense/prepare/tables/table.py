"""A table's columns, and messages that say in which line of the file something is."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Table:
    """Columns of a file.

    Attributes:
        path: the file.
        layout: its kind.
        columns: name -> values, of the columns that are needed.
        count: rows.
    """

    path: Path
    layout: Layout
    columns: Mapping[str, pa.Array]
    count: int

    def strings(self, column: str) -> pa.Array:
        """A column as strings without spaces around them, null where nothing is left.

        Whole numbers read alike in all formats, also where a file has them as floats: 7 is "7".

        Raises:
            FileError: its values are no strings or numbers.
        """
        values = self.columns[column]
        if pa.types.is_floating(values.type):
            floats = values.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
            known = floats[~np.isnan(floats)]
            values = without(values, np.isnan(floats))
            if bool(((known == np.trunc(known)) & (np.abs(known) < 2**53)).all()):
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
        first = int(np.flatnonzero(rows)[0])
        got = self.columns[column][first].as_py()
        many = f" ({int(rows.sum()):,} {what})" if rows.sum() > 1 else ""
        text = shortened(repr(got) if isinstance(got, str) else str(got))
        shown = "nothing" if got is None or got == "" else text
        return FileError(f"{self.places(rows)}: {column} (got {shown}) {rule}{many}; {remedy}")

    def places(self, rows: NDArray[np.bool_]) -> str:
        """The file and the lines of the first few rows where `rows` [count] is true."""
        numbers = np.flatnonzero(rows)
        shown = [int(n) for n in numbers[:SHOWN]]
        word, lines = self._lines(shown)
        more = f" and {len(numbers) - SHOWN:,} more" if len(numbers) > SHOWN else ""
        plural = "s" if len(numbers) > 1 else ""
        return f"{self.path}, {word}{plural} {', '.join(map(str, lines))}{more}"

    def _lines(self, rows: Sequence[int]) -> tuple[str, list[int]]:
        """What rows are counted in, and their numbers, from 1."""
        if self.layout.kind == "parquet":
            return "row", [row + 1 for row in rows]
        try:
            found = list(itertools.islice(line_numbers(self.path, self.layout), max(rows) + 1))
            return "line", [found[row] for row in rows]
        except (
            csv.Error,
            ValueError,
            OSError,
            IndexError,
        ):  # Cells that the csv module calls too long.
            return "row", [row + 1 for row in rows]


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
