"""Reads columns of CSV and Parquet files with pyarrow, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from condense.prepare.tables.table import Layout

BLOCK, LONGEST = 2 << 20, 16 << 20
"""Bytes of a CSV file that are read at a time, where pyarrow reads some thirty blocks ahead; and the most
bytes of a line, for which a block must have room."""
TOO_LONG = "straddling object"
"""What pyarrow says of a line that is longer than a block."""
ROWS, BUFFER = 1 << 13, 1 << 20
"""Rows of a Parquet file, and bytes of a column of it, that are read at a time."""


def csv_batches(path: Path, layout: Layout, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Cells as they are written: a type that is guessed would make 7 of "007"."""
    convert = arrow_csv.ConvertOptions(
        include_columns=list(columns), column_types=dict.fromkeys(columns, pa.large_string())
    )
    return _csv_batches(path, layout, convert)


def csv_names(path: Path, layout: Layout) -> list[str]:
    """The columns of a CSV file."""
    return next(_csv_batches(path, layout)).schema.names


def check_csv(path: Path, layout: Layout) -> None:
    """Raise pyarrow's error for the first line of a CSV file that is malformed, whatever its cells hold."""
    kinds = dict.fromkeys(csv_names(path, layout), pa.large_binary())
    for _ in _csv_batches(path, layout, arrow_csv.ConvertOptions(column_types=kinds)):
        pass


def _csv_batches(
    path: Path, layout: Layout, convert: arrow_csv.ConvertOptions | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV file, after an empty batch, which has the columns even where there are no rows."""
    parsing = arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True)
    done = 0
    for size in (BLOCK, LONGEST):
        options = arrow_csv.ReadOptions(block_size=size, column_names=list(layout.header) or None)
        try:
            with arrow_csv.open_csv(path, options, parsing, convert) as reader:
                yield pa.RecordBatch.from_pylist([], reader.schema)
                start = 0
                for batch in reader:
                    rest = batch.slice(min(max(done - start, 0), batch.num_rows))
                    start += batch.num_rows
                    done = max(done, start)
                    yield rest
            return
        except pa.ArrowInvalid as error:
            if size == LONGEST or TOO_LONG not in str(error):
                raise


def parquet_batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Columns of a Parquet file; strings in categories are plain strings."""
    # pyarrow would keep what it has read ahead of each group of rows until the file is closed.
    with parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER) as file:
        for batch in file.iter_batches(ROWS, columns=list(columns)):
            yield plain(batch, columns)


def plain(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Columns of a batch in their `plain_type`."""
    arrays = [batch.column(name) for name in columns]
    kinds = [plain_type(array.type) for array in arrays]
    cast = [a if a.type == kind else a.cast(kind) for a, kind in zip(arrays, kinds, strict=True)]
    return pa.RecordBatch.from_arrays(cast, names=list(columns))


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of a column's values: strings of any kind are one type, which may be long together."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_string(kind) or pa.types.is_string_view(kind) or pa.types.is_large_string(kind):
        return pa.large_string()
    return kind
