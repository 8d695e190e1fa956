"""Nodes' ids: those of a table, or those that edges name; and the numbers of nodes that ids stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from condense.prepare.tables.compute import nulls, places, texts
from condense.prepare.tables.table import Table


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
    def of_edges(cls, ends: Sequence[pa.Array]) -> Ids:
        """Those that edges name, in order of appearance."""
        named = pa.concat_arrays([texts([]), *ends])
        return cls(named.unique().drop_null(), "in the tables of edges")

    def numbers(self, values: pa.Array) -> NDArray[np.int64]:
        """The numbers of the nodes with the ids `values` [m]; −1 where there is none, or no id."""
        return places(values, self.values)
