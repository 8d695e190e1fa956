"""Sparse feature matrices in a file: a group with the three parts of CSR; nothing dense is ever allocated."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np
from torch import Tensor

from condense.data.fingerprint import Digest
from condense.data.sparse import csr_tensor
from condense.io.arrays import read_array, write_array
from condense.io.damage import damaged
from condense.io.members import Group, OpenFile
from condense.io.replace import Sink
from condense.io.stored import StoredArray

SHAPE = "shape"
INTEGERS = ("int32", "int64")
TYPES = {"indptr": INTEGERS, "indices": INTEGERS, "values": ("float16", "float32", "float64")}
"""The parts, in the order in which they are hashed, and their data types."""
WIDEST = 2**31 - 1
"""Most columns: a file may declare a width that it need not store."""


@dataclass(frozen=True)
class StoredSparse:
    """A sparse matrix in a file, whose parts fit its shape.

    Attributes:
        shape: (n, width).
        parts: "indptr" [n + 1], "indices" [entries] and "values" [entries].
    """

    shape: tuple[int, int]
    parts: dict[str, StoredArray]

    @classmethod
    def of(cls, group: Group, rows: int) -> StoredSparse:
        """The matrix in `group`, which must have `rows` rows; nothing of its values is looked at.

        Raises:
            FileError: its shape or its parts are not those of a sparse matrix of so many rows.
        """
        shape = group.attribute(SHAPE, list)
        if len(shape) != 2 or shape[0] != rows or not _is_width(shape[1]):
            rule = f"must be [{rows}, width], with 1 to {WIDEST} columns"
            raise damaged(f"attribute {SHAPE!r} of {group.path} (got {shape}) {rule}")
        parts = {name: group.array(name) for name in TYPES}
        for name, part in parts.items():
            count = rows + 1 if name == "indptr" else (parts["values"].shape or (-1,))[0]
            if part.shape != (count,) or part.dtype.name not in TYPES[name]:
                got = f"{part.dtype.name} of shape {part.shape}"
                one, two = ", ".join(TYPES[name]), "rows + 1" if name == "indptr" else "entries"
                raise damaged(f"dataset {part.path} (got {got}) must be [{two}] of {one}")
        if parts["indptr"].dtype != parts["indices"].dtype:
            raise damaged(f"indptr and indices in {group.path} must be of one data type")
        return cls((rows, shape[1]), parts)


def write_sparse(group: h5py.Group, name: str, x: Tensor, digest: Digest, sink: Sink) -> None:
    """Write and hash the CSR tensor `x` [n, width] as a group."""
    member = group.create_group(name)
    member.attrs[SHAPE] = np.array(x.shape, dtype=np.int64)
    digest.record(sparse_record(name, tuple(x.shape)))
    parts = x.crow_indices(), x.col_indices(), x.values()
    for part, tensor in zip(TYPES, parts, strict=True):
        write_array(member, part, tensor, digest, sink)


def read_sparse(file: OpenFile, stored: StoredSparse, name: str, digest: Digest) -> Tensor:
    """Read a checked matrix into a CSR tensor and hash it; the rules of nodes check its entries."""
    digest.record(sparse_record(name, stored.shape))
    parts = {part: read_array(file, array, part, digest) for part, array in stored.parts.items()}
    return csr_tensor(parts["indptr"], parts["indices"], parts["values"], stored.shape)


def sparse_record(name: str, shape: tuple[int, ...]) -> list[object]:
    """The record that precedes a sparse matrix's parts in the data digest."""
    return [name, "sparse", list(shape)]


def _is_width(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= WIDEST
