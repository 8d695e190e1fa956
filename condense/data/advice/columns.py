"""Warnings about columns of features: constant ones, ids, and those that drown all others.

Wide features of many nodes are read once, in blocks of rows that fit into the cache; what takes more is
looked at in a sample first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from condense.data.graph import MultimodalGraph
from models.schema import FEATURE_PREFIX, modality_names, present

DOMINANT = 0.999
"""Share of a modality's variance in one column."""
MANY = 0.01
"""Share of constant columns, of which there are at least two; a fifth if it is one. Words that none of the
nodes has, and marks that none needs, are no mistake."""
ONE = 0.2
FEWEST = 100
"""Nodes of which distinct numbers are taken for ids."""
ROWS, COLUMNS = 1024, 256
"""Numbers of a block that is looked at at a time."""
SAMPLE, EXACT = 4096, 8
"""The variance is that of so many nodes, but of all of them in so many columns, those of the widest range."""


def columns(graph: MultimodalGraph, node_type: str) -> Iterator[str]:
    """A sentence for each modality and finding."""
    store = graph[node_type]
    for modality in modality_names(store):
        x, has = store[FEATURE_PREFIX + modality], present(store, modality).numpy()
        where, n = f"{FEATURE_PREFIX}{modality} of {node_type!r}", int(has.sum())
        if n < 2:
            continue
        if x.layout != torch.strided:
            used = np.bincount(x.col_indices()[x.values() != 0].numpy(), minlength=x.size(1)) > 0
            yield from _constant(where, ~used, ~used)
            continue
        values = x.detach().numpy()
        low, high = _range(values, has)
        yield from _constant(where, low == high, (low == 0) & (high == 0))
        ids = _ids(values, has, low, high)
        if ids:
            first = f"column {ids[0]} ({low[ids[0]]:,.0f} … {high[ids[0]]:,.0f})"
            yield (
                f"{len(ids)} of {len(low)} columns of {where} have a different whole number on each node, as "
                f"ids have, for example {first}: they tell nothing about other nodes; leave them out"
            )
        yield from _dominant(where, values, has, high - low, ids)


def _constant(where: str, constant: NDArray[np.bool_], zero: NDArray[np.bool_]) -> Iterator[str]:
    """A sentence where too many columns are the same on all nodes."""
    count, width = int(constant.sum()), len(constant)
    if count == width:
        yield f"{where} is the same on all nodes, and tells none from another; leave it out"
    elif count >= (MANY if count > 1 else ONE) * width:
        zeros = int(zero.sum())
        kind = "are 0" if zeros == count else f"are the same, {zeros} of them 0,"
        yield (
            f"{count} of {width} columns of {where} {kind} on all nodes, for example column "
            f"{int(constant.argmax())}: they say nothing and take bytes; leave them out"
        )


def _range(x: NDArray, has: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the largest number of each column, on the nodes that have the modality [width]."""
    whole = bool(has.all())
    low, high = np.full(x.shape[1], np.inf), np.full(x.shape[1], -np.inf)
    for first in range(0, len(x), ROWS):
        block = x[first : first + ROWS]
        block = block if whole else block[has[first : first + ROWS]]
        block = block.astype(np.float32) if block.dtype == np.float16 else block  # Much faster.
        if len(block):
            np.minimum(low, block.min(axis=0), out=low)
            np.maximum(high, block.max(axis=0), out=high)
    return low, high


def _ids(
    x: NDArray, has: NDArray[np.bool_], low: NDArray[np.float64], high: NDArray[np.float64]
) -> list[int]:
    """The columns that hold another whole number on each node."""
    n = int(has.sum())
    if n < FEWEST:
        return []
    sample = np.flatnonzero(has)[:FEWEST]
    found = []
    for column in np.flatnonzero(high - low >= n - 1).tolist():
        if _are_ids(x[sample, column]) and _are_ids(x[has, column]):
            found.append(column)
    return found


def _are_ids(values: NDArray) -> bool:
    return bool((values == np.rint(values)).all()) and len(np.unique(values)) == len(values)


def _dominant(
    where: str, x: NDArray, has: NDArray[np.bool_], span: NDArray[np.float64], ids: list[int]
) -> Iterator[str]:
    """A sentence where one column has nearly all of the variance."""
    if (span > 0).sum() < 2:  # Nothing is drowned.
        return
    variance = _sampled_variance(x, has)
    widest = np.argsort(span)[-EXACT:]
    variance[widest] = _variance(x, has, widest)
    column, total = int(variance.argmax()), float(variance.sum())
    if column in ids or not variance[column] > DOMINANT * total:
        return
    yield (
        f"column {column} of {where} has over {DOMINANT:.1%} of the variance (its values span "
        f"{span[column]:.3g}), and features are scaled together: the other columns vanish; scale the "
        "columns, or leave out what is an id or a date"
    )


def _variance(
    x: NDArray, has: NDArray[np.bool_], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The variance of some columns over all nodes that have the modality [columns]."""

    def total(centre: NDArray[np.float64] | float, power: int) -> NDArray[np.float64]:
        added = np.zeros(len(columns))
        for first in range(0, len(x), ROWS):
            block = x[first : first + ROWS][has[first : first + ROWS]]
            added += ((block[:, columns].astype(np.float64) - centre) ** power).sum(axis=0)
        return added

    n = int(has.sum())
    return total(total(0.0, 1) / n, 2) / n


def _sampled_variance(x: NDArray, has: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The variance of each column over some of the nodes that have the modality [width]."""
    rows = np.flatnonzero(has)
    rows = rows[np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)]
    starts = range(0, x.shape[1], COLUMNS)
    return np.concatenate([x[rows, c : c + COLUMNS].astype(np.float64).var(axis=0) for c in starts])
