"""The few functions of pyarrow that tables need, with types; pyarrow makes its own when it is imported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

_arrow: Any = pyarrow.compute


def places(values: pa.Array, known: pa.Array) -> NDArray[np.int64]:
    """Where each of `values` [m] is in `known`; −1 for those that are not there, and for null."""
    found = _arrow.index_in(values, value_set=known, skip_nulls=True)
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def nulls(values: pa.Array) -> NDArray[np.bool_]:
    """Which of `values` are null."""
    return values.is_null().to_numpy(zero_copy_only=False)


def lengths(values: pa.Array) -> NDArray[np.int64]:
    """How long each of the lists `values` is; 0 for null."""
    found = _arrow.list_value_length(values).fill_null(0)
    return found.to_numpy(zero_copy_only=False).astype(np.int64)


def trimmed(values: pa.Array) -> pa.Array:
    """Strings without spaces around them; null where nothing is left."""
    values = _arrow.utf8_trim_whitespace(values)
    return _arrow.if_else(_arrow.equal(values, ""), None, values)


def lowered(values: pa.Array) -> pa.Array:
    """Strings in lower case."""
    return _arrow.utf8_lower(values)


def without(values: pa.Array, wrong: NDArray[np.bool_]) -> pa.Array:
    """`values`, null where `wrong`."""
    return _arrow.if_else(pa.array(wrong), None, values)


def texts(values: list[str] | tuple[str, ...]) -> pa.Array:
    """Strings as pyarrow has them here."""
    return pa.array(values, pa.large_string())


def place_in(column: str, known: pa.Array) -> Any:
    """The expression that gives `places` of a column's values, with null in place of −1."""
    return _arrow.index_in(_arrow.field(column), value_set=known, skip_nulls=True)


def most_frequent(values: pa.Array, most: int) -> tuple[pa.Array, int]:
    """The `most` most frequent strings, equal ones by the alphabet, and how many there are; null is none."""
    counts = values.drop_null().value_counts()
    table = pa.table([counts.field("values"), counts.field("counts")], ["value", "count"])
    order = [("count", "descending"), ("value", "ascending")]
    first = _arrow.select_k_unstable(table, k=most, sort_keys=order)
    return counts.field("values").take(first), len(counts)
