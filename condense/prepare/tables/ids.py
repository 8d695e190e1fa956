"""Nodes' ids: those of a table, or those that edges name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from condense.prepare.tables.compute import nulls, texts
from condense.prepare.tables.table import Table

WAITING = 1 << 20
"""Strings that are put together at a time, or more if more are known."""


@dataclass(frozen=True)
class Ids:
    """The ids of a node type, each once; node number i has the i-th.

    Attributes:
        values: the ids as strings [n].
        origin: where they are from, for messages.
    """

    values: pa.Array
    origin: str

    @classmethod
    def of_table(cls, table: Table, column: str) -> Ids:
        """Those of a column.

        Raises:
            FileError: a cell is empty, or an id is there twice.
        """
        values = table.strings(column)
        empty = nulls(values)
        if empty.any():
            remedy = "give each node an id, or delete the row"
            raise table.wrong(column, empty, "must not be empty", remedy)
        codes = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        count = np.bincount(codes)
        if (count > 1).any():
            repeated = count[codes] > 1
            # The lines of one id tell more than some of several.
            one = codes == codes[np.flatnonzero(repeated)[0]]
            ids = int((count > 1).sum())
            rule = "must stand once in its column" + (f"; {ids:,} ids do not" if ids > 1 else "")
            raise table.wrong(column, one, rule, "keep one row of each node")
        return cls(values, f"in {table.path}")

    @classmethod
    def of_edges(cls, ends: Iterable[pa.Array]) -> Ids:
        """Those that edges name, in order of appearance.

        Args:
            ends: ids in any number of parts, null where a cell is empty.
        """
        return cls(unique(ends), "in the tables of edges")


def unique(parts: Iterable[pa.Array]) -> pa.Array:
    """The strings of all parts, each once and in order of appearance, without null."""
    known, waiting, count = texts([]), [], 0
    for part in parts:
        waiting.append(part.unique().drop_null())
        count += len(waiting[-1])
        # Not with each part, which would take the square of the time.
        if count > max(len(known), WAITING):
            known, waiting, count = pa.concat_arrays([known, *waiting]).unique(), [], 0
    return pa.concat_arrays([known, *waiting]).unique()
