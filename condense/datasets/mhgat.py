"""Reads the edges of MHGAT's sets: triples (source, destination, relation) over the nodes of all types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from condense.datasets.arrays import OWN, check_range, read_array
from condense.errors import FileError


@dataclass(frozen=True)
class Relation:
    """The edges of one relation.

    Attributes:
        number: of the relation.
        source: number of the type that the edges start from.
        destination: number of the type that they lead to.
        ends: int64 [2, e], numbers of nodes within their types.
    """

    number: int
    source: int
    destination: int
    ends: NDArray[np.int64]


def read_triples(path: Path, owner: str = OWN) -> NDArray[np.int64]:
    """The lines (source, destination, relation) of a file, [e, 3].

    Raises:
        FileError: the file is missing or damaged, or does not hold three integers an edge.
    """
    triples = read_array(path, owner)
    if triples.ndim != 2 or triples.shape[1] != 3 or triples.dtype.kind not in "iu":
        raise FileError(
            f"{path} (got {triples.dtype} {list(triples.shape)}) must be integers [edges, 3]: source, "
            "destination and relation of each edge"
        )
    return triples.astype(np.int64)


def relations_of(triples: NDArray[np.int64], sizes: Sequence[int], path: Path) -> list[Relation]:
    """The relations in ascending order of their numbers.

    Args:
        triples: [e, 3]; nodes of the first type have the first numbers, those of the next follow.
        sizes: the number of nodes of each type.
        path: the file of `triples`, for messages.

    Raises:
        FileError: a number is not that of a node, or a relation joins more than two types.
    """
    first = np.concatenate([[0], np.cumsum(sizes)])
    check_range(path, triples[:, :2], int(first[-1]), "node")
    found = []
    for number in np.unique(triples[:, 2]).tolist():
        ends = triples[triples[:, 2] == number, :2].T  # [2, e]
        types = np.searchsorted(first, ends, side="right") - 1
        for side, end in zip(types, ("source", "destination"), strict=True):
            if (side != side[0]).any():
                kinds = ", ".join(map(str, np.unique(side)))
                raise FileError(
                    f"{path}: relation {number} has nodes of types {kinds} as its {end}s, where one is "
                    "expected; number the nodes type by type, or give each pair of types its own relation"
                )
        source, destination = types[:, 0].tolist()
        offset = first[[source, destination]][:, None]
        found.append(Relation(number, source, destination, np.ascontiguousarray(ends - offset)))
    return found
