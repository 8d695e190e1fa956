"""A table's file, of which columns are read when they are needed, all rows at once or batch by batch."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from condense.errors import FileError
from condense.io.scratch import Scratch, mapped
from condense.prepare.tables.table import Layout, Rows, Table, whole_numbers, wrong_cells

ROWS = 1 << 13
"""Most rows of a batch."""

Read = Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
"""Reads columns of a file, in batches of any number of rows."""


@dataclass(frozen=True)
class TableFile:
    """A file whose columns can be read.

    Attributes:
        path: the file.
        layout: its kind.
        types: name -> type, of the columns that can be read.
        read: reads them.
        count: rows; 0 if they are not counted yet.
    """

    path: Path
    layout: Layout
    types: Mapping[str, pa.DataType]
    read: Read
    count: int = 0

    def batches(self, *columns: str) -> Iterator[Table]:
        """Some columns, at most ROWS rows at a time.

        Raises:
            FileError: the file is damaged.
        """
        start = 0
        for batch in self.read(columns):
            for first in range(0, batch.num_rows, ROWS):
                part = batch.slice(first, ROWS)
                values = {name: part.column(name) for name in columns}
                yield Table(self.path, self.layout, values, part.num_rows, start)
                start += part.num_rows

    def table(self, *columns: str) -> Table:
        """Some columns in all rows.

        Raises:
            FileError: the file is damaged.
        """
        parts: dict[str, list[pa.Array]] = {name: [] for name in columns}
        for batch in self.read(columns):
            for name, values in parts.items():
                values.append(batch.column(name))
        whole = {
            name: pa.concat_arrays(values) if values else pa.array([], self.types[name])
            for name, values in parts.items()
        }
        return Table(self.path, self.layout, whole, len(whole[columns[0]]))

    def is_whole(self, column: str) -> bool | None:
        """Whether floats of a column are whole numbers in all rows; None if it does not hold floats."""
        if not pa.types.is_floating(self.types[column]):
            return None
        return all(whole_numbers(batch.columns[column])[1] for batch in self.batches(column))

    def wrong(
        self, column: str, rows: Rows, rule: str, remedy: str, what: str = "rows"
    ) -> FileError:
        """The error that values of a column break a rule in some `rows`; see `Table.wrong`."""
        first = rows.first[0]
        batch = next(each for each in self.batches(column) if first < each.start + each.count)
        got = batch.columns[column][first - batch.start].as_py()
        return wrong_cells(self.path, self.layout, column, got, rows, rule, remedy, what)

    def kept(self, scratch: Scratch) -> TableFile:
        """The same table, whose rows are counted and whose columns are read fast, one without the others.

        Columns of CSV and JSON files, of which all must be read for one, are written to `scratch`.

        Raises:
            FileError: the file is damaged, or the disk is full.
        """
        names = list(self.types)
        if self.layout.kind == "parquet":
            count = sum(batch.num_rows for batch in self.read(names[:1]))
            return dataclasses.replace(self, count=count)
        found = self.read(names)
        batches = list(found) if scratch.folder is None else _written(found, scratch)

        def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
            return (batch.select(list(columns)) for batch in batches)

        count = sum(batch.num_rows for batch in batches)
        return dataclasses.replace(self, read=read, count=count)


def _written(batches: Iterator[pa.RecordBatch], scratch: Scratch) -> list[pa.RecordBatch]:
    """The same batches, mapped from a file."""
    first = next(batches, None)
    if first is None:
        return []
    with scratch.file() as file:
        with pa.ipc.new_file(pa.PythonFile(file, "w"), first.schema) as writer:
            for batch in itertools.chain([first], batches):
                writer.write_batch(batch)
        reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped(file))))
    return [reader.get_batch(number) for number in range(reader.num_record_batches)]
