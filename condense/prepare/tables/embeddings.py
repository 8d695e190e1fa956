"""Embeddings that a user has made: .npy files with a row for each row of a table, or columns of lists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from condense.datasets.arrays import read_array
from condense.errors import FileError
from condense.io.scratch import Scratch
from condense.prepare.tables.compute import lengths, nulls
from condense.prepare.tables.spec import ARRAY
from condense.prepare.tables.table import Rows
from condense.prepare.tables.table_file import TableFile

ROWS = 4096
"""Rows of a file that are searched for NaN at a time."""
REMEDY = "write a list of numbers in each cell, or save the rows with numpy.save"


def embedding_features(
    table: TableFile, embeddings: Mapping[str, str], folder: Path, scratch: Scratch
) -> dict[str, tuple[Tensor, Tensor]]:
    """Modality -> embeddings [n, width], and which nodes have one [n].

    Args:
        table: of the node type.
        embeddings: modality -> column or file.
        folder: that of files is relative to this one.
        scratch: where those of columns are.

    Raises:
        FileError: a file is missing, damaged or of other rows; a column does not hold lists of one length.
    """
    return {
        modality: _file(folder / name, table)
        if name.endswith(ARRAY)
        else _column(table, name, scratch)
        for modality, name in embeddings.items()
    }


def _file(path: Path, table: TableFile) -> tuple[Tensor, Tensor]:
    """float16 and float32 stay where they are: pages of the file are read as they are needed."""
    x = read_array(path, mapped=True)
    if x.ndim != 2 or len(x) != table.count or x.dtype.kind not in "iuf":
        raise FileError(
            f"{path} (got {x.dtype} {list(x.shape)}) must have numbers [{table.count}, width], one row for "
            f"each of {table.path}; save them with numpy.save"
        )
    if x.dtype not in (np.float16, np.float32) or not x.flags.c_contiguous:
        x = x.astype(np.float32, order="C")
    has = np.empty(len(x), dtype=bool)
    for first in range(0, len(x), ROWS):
        has[first : first + ROWS] = ~np.isnan(x[first : first + ROWS]).all(axis=1)
    return torch.from_numpy(x), torch.from_numpy(has)


def _column(file: TableFile, column: str, scratch: Scratch) -> tuple[Tensor, Tensor]:
    kind = file.types[column]
    numeric = _is_list(kind) and (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    )
    if not numeric:
        raise FileError(
            f"{file.path}: column {column!r} (got {kind}) must hold lists of numbers; {REMEDY}"
        )
    first = _width(file, column)
    if not first:
        every = Rows()
        every.add(np.full(file.count, True))
        raise file.wrong(column, every, "must hold numbers", REMEDY, "cells")
    others, infinite = Rows(), Rows()
    x = scratch.zeros((file.count, first), np.float32)
    has = np.zeros(file.count, dtype=bool)
    for batch in file.batches(column):
        cells = batch.columns[column]
        there, rows = ~nulls(cells), slice(batch.start, batch.start + batch.count)
        wrong = there & (lengths(cells) != first)
        others.add(wrong, batch.start)
        if others.count:
            continue
        block = np.zeros((batch.count, first), dtype=np.float32)
        numbers = cells.drop_null().flatten().cast(pa.float32(), safe=False)
        block[there] = _as_numpy(numbers).reshape(-1, first)
        infinite.add(np.asarray(~np.isfinite(block).all(axis=1)), batch.start)
        x[rows], has[rows] = block, there
    if others.count:
        rule = f"must hold as many numbers as the first cell, {first}"
        raise file.wrong(column, others, rule, REMEDY, "cells")
    if infinite.count:
        rule = "must hold finite numbers"
        raise file.wrong(column, infinite, rule, "correct them, or empty the cell", "cells")
    return torch.from_numpy(x), torch.from_numpy(has)


def _width(file: TableFile, column: str) -> int:
    """How long the list in the first cell is that is not empty; 0 if all are."""
    for batch in file.batches(column):
        cells = batch.columns[column]
        if len(found := lengths(cells)[~nulls(cells)]):
            return int(found[0])
    return 0


def _is_list(kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _as_numpy(numbers: pa.Array) -> NDArray[np.float32]:
    """A null is NaN."""
    return numbers.to_numpy(zero_copy_only=False)
