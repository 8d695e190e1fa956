"""Matrices in eight bits in a file: a group with the codes and the bounds of each column's levels."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
from torch import Tensor

from condense.data.fingerprint import Digest
from condense.data.levels import Levels
from condense.io.arrays import read_array, write_array
from condense.io.damage import damaged
from condense.io.members import Group, OpenFile
from condense.io.replace import Sink
from condense.io.stored import StoredArray

CODES = "codes"
TYPES = {CODES: "uint8", "low": "float32", "high": "float32"}
"""The parts, in the order in which they are hashed, and their data types."""
WIDER, A_COLUMN = 4, 64
"""Bytes that a number takes when it is read, and those of a block's smallest part while it is worked out."""


@dataclass(frozen=True)
class StoredLevels:
    """A matrix in eight bits in a file, whose parts fit each other.

    Attributes:
        path: in the file.
        parts: "codes" [n, d], "low" [d] and "high" [d].
    """

    path: str
    parts: dict[str, StoredArray]

    @classmethod
    def of(cls, group: Group) -> StoredLevels:
        """The matrix in `group`; nothing of its values is looked at.

        Raises:
            FileError: its parts are not those of a matrix in eight bits.
        """
        parts = {name: group.array(name) for name in TYPES}
        shape = parts[CODES].shape or ()
        for name, part in parts.items():
            fits = len(shape) == 2 and part.shape == (shape if name == CODES else shape[1:])
            if part.dtype.name != TYPES[name] or not fits:
                got, form = f"{part.dtype.name} of shape {part.shape}", "[n, d]"
                form = form if name == CODES else "[d], with a number for each column of the codes"
                raise damaged(f"dataset {part.path} (got {got}) must be {TYPES[name]} {form}")
        return cls(group.path, parts)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of the matrix."""
        return self.parts[CODES].shape

    def check(self, file: OpenFile) -> None:
        """Check that the file holds it, and that it may be as large as it gets when it is read."""
        for part in self.parts.values():
            file.check(part)
        size = WIDER * self.parts[CODES].nbytes + A_COLUMN * self.parts["low"].nbytes // 4
        file.allowance.take(size, f"group {self.path} of shape {list(self.shape or ())}")

    def read(self, file: OpenFile, name: str, digest: Digest) -> Tensor:
        """Read it into float32 numbers, and hash its parts."""
        digest.record(levels_record(name))
        parts = {part: read_array(file, array, part, digest) for part, array in self.parts.items()}
        return Levels(**parts).values()


def write_compact(group: h5py.Group, name: str, x: Tensor, digest: Digest, sink: Sink) -> None:
    """Write and hash a matrix in eight bits if it lies on levels, and any other array as it is."""
    levels = Levels.exactly(x)
    if levels is None:
        write_array(group, name, x, digest, sink)
        return
    member = group.create_group(name)
    digest.record(levels_record(name))
    for part in TYPES:
        write_array(member, part, getattr(levels, part), digest, sink)


def levels_record(name: str) -> list[str]:
    """The record that precedes the parts of a matrix in eight bits in the data digest."""
    return [name, "eight bits"]
