"""The rules of sparse feature matrices: what a CSR tensor's three parts must hold."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from condense.data.sparse import csr_parts
from condense.errors import GraphError

REMEDY = "build it with condense.data.sparse.from_scipy"


def check_sparse_features(where: str, x: Tensor, has: Tensor, mask: str) -> None:
    """Raise unless `x` [n, width] is valid CSR: rows in order, ascending columns, finite values.

    Nothing reads the parts of a CSR tensor safely before this. Nothing dense is allocated.

    Args:
        where: the name of `x`, for messages.
        x: a CSR tensor.
        has: which nodes have the modality; the values of others are not looked at.
        mask: the name of `has`, for messages.
    """
    indptr, indices, values = csr_parts(x)
    n, width = x.shape
    count = len(values)
    if indptr.shape != (n + 1,) or indices.shape != values.shape or values.ndim != 1:
        got = f"parts of shapes {indptr.shape}, {indices.shape} and {values.shape}"
        rule = f"must have {n + 1} row bounds, and one column for each value"
        raise GraphError.of(where, got, rule, REMEDY)
    if indptr[0] != 0 or indptr[-1] != count or (np.diff(indptr) < 0).any():
        rule = f"must have row bounds that rise from 0 to {count}, the number of values"
        raise GraphError.of(f"{where}.crow_indices()", "others", rule, REMEDY)
    outside = (indices < 0) | (indices >= width)
    if outside.any():
        at = int(outside.argmax())
        rule = f"must lie in 0 … {width - 1}"
        raise GraphError.of(f"{where}.col_indices()[{at}]", int(indices[at]), rule, REMEDY)
    # Within a row each column must exceed the one before; the first of a row has none before it.
    falls = np.zeros(count, dtype=bool)
    falls[1:] = np.diff(indices) <= 0
    starts = indptr[:-1]
    falls[starts[starts < count]] = False
    if falls.any():
        row = int(np.searchsorted(indptr, falls.argmax(), side="right")) - 1
        rule = "must ascend, without duplicates"
        raise GraphError.of(f"{where}, the columns of row {row}", "others", rule, REMEDY)
    rows = np.repeat(np.arange(n), np.diff(indptr))
    bad = ~np.isfinite(values) & has.cpu().numpy()[rows]
    if bad.any():
        first = int(bad.argmax())
        place = f"{where}[{rows[first]}, {indices[first]}]"
        rule = f"is not finite ({len(np.unique(rows[bad]))} such rows)"
        remedy = f"impute it, or set {mask} to False on these nodes"
        raise GraphError.of(place, float(values[first]), rule, remedy)
