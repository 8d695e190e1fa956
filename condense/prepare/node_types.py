"""Which nodes are of which type in MHGAT's layout, and which file of features belongs to which type."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from condense.datasets.arrays import read_array
from condense.datasets.mhgat import relations_of
from condense.errors import FileError

TYPES = "node_types.npy"
MANY = 6  # Files of features without numbers, of which all orders are tried.


def types_of(
    folder: Path, features: Mapping[Path, Any], triples: NDArray[np.int64], labels: int
) -> tuple[list[int], dict[int, Any]]:
    """The number of nodes of each type, and type -> features, where it has some.

    Files features_<k>.npz belong to type k. Without such numbers, the order of the files is the one in which
    the first has a row for each label and each relation joins one type with one.

    Args:
        folder: may hold node_types.npy, the type of each node in ascending order; otherwise every type must
            have features.
        features: file -> matrix [n, width].
        triples: [e, 3], source, destination and relation.
        labels: their number.

    Raises:
        FileError: the files disagree, or several orders are possible.
    """
    sizes = _sizes(folder / TYPES) if (folder / TYPES).exists() else None
    if not features and sizes is None:
        raise FileError(f"{folder} has neither {TYPES} nor features_0.npz; put one of them there")
    numbers = {path: _number(path) for path in features}
    of_type = {k: features[path] for path, k in numbers.items() if k is not None}
    if len(of_type) < len(features):
        order = _order(folder, features, triples, labels, sizes)
        of_type = dict(enumerate(order))
    if sizes is None:
        missing = next((k for k in range(len(of_type)) if k not in of_type), None)
        if missing is not None:
            raise FileError(f"{folder} lacks features_{missing}.npz; put it or {TYPES} there")
        return [of_type[k].shape[0] for k in range(len(of_type))], of_type
    for k, matrix in of_type.items():
        have = sizes[k] if k < len(sizes) else 0
        if matrix.shape[0] != have:
            raise FileError(
                f"{folder}: features of type {k} (got {matrix.shape[0]} rows) must have {have}, one for each "
                f"node of that type in {TYPES}; take both from one set"
            )
    return sizes, of_type


def _number(path: Path) -> int | None:
    """The number k of features_<k>.npz."""
    match = re.search(r"_(\d+)(\.npz)?(\.npy)?$", path.name)
    return int(match[1]) if match else None


def _sizes(path: Path) -> list[int]:
    """The number of nodes of each type."""
    types = read_array(path)
    good = types.ndim == 1 and types.dtype.kind in "iu" and len(types)
    if not good or types[0] != 0 or not np.isin(np.diff(types.astype(np.int64)), (0, 1)).all():
        raise FileError(
            f"{path} (got {types.dtype} {list(types.shape)}) must give each node its type, 0, 0, …, 1, 1, … "
            "in ascending order; number the nodes type by type"
        )
    return np.bincount(types).tolist()


def _order(
    folder: Path,
    features: Mapping[Path, Any],
    triples: NDArray[np.int64],
    labels: int,
    sizes: list[int] | None,
) -> tuple[Any, ...]:
    """The matrices in the order of their types."""
    tried = itertools.permutations(features.values()) if len(features) <= MANY else ()
    fits = {}
    for order in tried:
        rows = tuple(matrix.shape[0] for matrix in order)
        if rows not in fits and rows[0] == labels and sizes in (None, list(rows)):
            try:
                relations_of(triples, rows, folder)
            except FileError:
                continue
            fits[rows] = order
    if len(fits) != 1 or len(set(next(iter(fits)))) < len(features):
        rows = ", ".join(f"{path.name}: {matrix.shape[0]}" for path, matrix in features.items())
        raise FileError(
            f"{folder}: the type of each file of features does not follow from its rows ({rows}); rename "
            "them features_0.npz, features_1.npz, … in the order of the types' nodes"
        )
    (order,) = fits.values()
    return order
