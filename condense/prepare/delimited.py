"""Reads text files of numbers in columns, gzipped or not; errors name the file and the line."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from condense.datasets.arrays import file_errors
from condense.errors import FileError

NUMBERS = {"int64": "whole numbers", "float32": "numbers", "float64": "numbers"}
"""The types that columns may have, in words."""
MISSING = ("", "nan", "NaN", "-nan", "NA", "N/A", "null", "NULL", "None")
"""What stands for NaN in columns of floats, as in pandas, which writes most of these files."""
BLOCK_BYTES = 16 << 20
"""Read at a time; no line may be longer."""
WORDS_BYTES = 1 << 20
"""Longest file of words."""


def read_numbers(
    path: Path,
    dtype: str,
    *,
    columns: int | None = None,
    rows: int | None = None,
    per: str = "",
    delimiter: str = ",",
) -> NDArray:
    """The numbers in a file without a header, [rows, columns].

    Args:
        path: the file; it is decompressed if its name ends in .gz.
        dtype: a key of NUMBERS. Columns of floats may have gaps, which become NaN.
        columns: how many there must be; None for as many as the first line has.
        rows: how many there must be; reading stops after more.
        per: what a row is for, for messages, such as "one per node".
        delimiter: between columns.

    Raises:
        FileError: the file is missing, damaged or empty, or has other rows or columns.
    """
    # Here, because recognising a format needs no pyarrow.
    import pyarrow as pa

    with file_errors(path):
        with _lines(path) as stream:
            first = stream.readline(BLOCK_BYTES).decode("utf-8", "replace")
        if not first:
            raise ValueError("it is empty")
        width = len(first.split(delimiter))
        if columns is not None and width != columns:
            raise ValueError(f"{width} columns where {columns} are expected")
        try:
            parts, count = [], 0
            for batch in _batches(path, dtype, width, delimiter):
                count += batch.num_rows
                if rows is not None and count > rows:
                    break
                parts.append(_matrix(batch, dtype))
        except pa.ArrowInvalid as error:
            place = _first_fault(path, dtype, width, delimiter)
            raise ValueError(place or str(error).splitlines()[0][:200]) from None
    if rows is not None and count != rows:
        got = f"more than {rows}" if count > rows else count
        raise FileError(
            f"{path} (got {got} lines) must have {rows}, {per}; take it from the same set as the other files"
        )
    return np.concatenate(parts) if parts else np.empty((0, width), dtype)


def read_words(path: Path) -> list[list[str]]:
    """The comma-separated words in each line of a short gzipped file, without empty lines.

    Raises:
        FileError: the file is missing, damaged, empty, too long or no text.
    """
    with file_errors(path):
        with _lines(path) as stream:
            content = stream.read(WORDS_BYTES + 1)
        if len(content) > WORDS_BYTES:
            raise ValueError(f"more than {WORDS_BYTES:,} bytes where a few words are expected")
        lines = csv.reader(io.StringIO(content.decode("utf-8")))
        words = [[word.strip() for word in line] for line in lines if line]
        if not words:
            raise ValueError("it is empty")
        return words


def _lines(path: Path) -> Any:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _batches(path: Path, dtype: str, width: int, delimiter: str) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import csv as reader

    compression = "gzip" if path.suffix == ".gz" else None
    kind = getattr(pa, dtype)()
    with pa.input_stream(str(path), compression=compression) as stream:
        yield from reader.open_csv(
            stream,
            read_options=reader.ReadOptions(autogenerate_column_names=True, block_size=BLOCK_BYTES),
            parse_options=reader.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=reader.ConvertOptions(
                column_types={f"f{i}": kind for i in range(width)},
                null_values=[] if dtype == "int64" else list(MISSING),
            ),
        )


def _matrix(batch: Any, dtype: str) -> NDArray:
    """The columns of a batch side by side, [rows, columns]."""
    matrix = np.empty((batch.num_rows, batch.num_columns), dtype)
    for number, column in enumerate(batch.columns):
        matrix[:, number] = column.to_numpy(zero_copy_only=False)
    return matrix


def _first_fault(path: Path, dtype: str, width: int, delimiter: str) -> str | None:
    """Where the first line is that does not fit, and why; slow, so for messages alone."""
    convert, gaps = (int, ()) if dtype == "int64" else (float, MISSING)
    with _lines(path) as stream:
        for number, line in enumerate(stream, start=1):
            words = [
                word.strip().strip('"') for word in line.decode("utf-8", "replace").split(delimiter)
            ]
            if len(words) != width:
                return f"line {number} has {len(words)} columns where {width} are expected"
            for word in words:
                try:
                    if word not in gaps:
                        convert(word)
                except ValueError:
                    return f"line {number} has {word[:40]!r} where {NUMBERS[dtype]} are expected"
    return None
