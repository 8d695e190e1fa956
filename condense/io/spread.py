"""The spread of a condensed graph in a file: a group with one dataset an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import h5py
import numpy as np

from condense.data.fingerprint import Digest
from condense.data.spread.spread import SPREAD, FeatureBasis, Place, Spread
from condense.io.arrays import read_array, write_array
from condense.io.damage import damaged
from condense.io.eight_bits import StoredLevels, write_compact
from condense.io.members import OpenFile
from condense.io.names import decoded, encoded, relation_key, relation_of
from condense.io.replace import Sink
from condense.io.schema import ATTRIBUTES, BASIS_NUMBERS, BASIS_TYPES, PLACES, fixed_strings
from condense.io.stored import StoredArray

OWN = tuple(f.name for f in fields(Spread) if f.name not in ("places", "bases", "basis_of"))
OF_BASIS = tuple(f.name for f in fields(FeatureBasis))
MOST_BASES = 1024


def write_spread(
    file: h5py.File, spread: Spread, digest: Digest, sink: Sink, narrow: bool = False
) -> None:
    """Write and hash a spread as the group /spread; `narrow` writes matrices on levels in eight bits."""
    group, arrays = file.create_group(SPREAD), dict(spread.arrays())
    places = ["/".join(map(relation_key, place)) for place in spread.places]
    types, numbers = [encoded(t) for t in spread.basis_of], list(spread.basis_of.values())
    group.attrs[PLACES] = fixed_strings(places)
    group.attrs[BASIS_TYPES] = fixed_strings(types)
    group.attrs[BASIS_NUMBERS] = np.array(numbers, dtype=np.int64)
    group.attrs[ATTRIBUTES] = fixed_strings(list(arrays))
    digest.record(spread_record(places, types, numbers, list(arrays)))
    for name, x in arrays.items():
        write = write_compact if narrow else write_array
        write(group, name, x, digest, sink)


class StoredSpread:
    """A spread in a file, whose arrays are there."""

    def __init__(self, file: OpenFile) -> None:
        """Look at the group without reading its arrays.

        Raises:
            FileError: a part is missing or not of the format.
        """
        group = file.root.group(SPREAD)
        self.places, self.types = group.strings(PLACES), group.strings(BASIS_TYPES)
        self.numbers: list[int] = group.attribute(BASIS_NUMBERS, list)
        if not all(type(number) is int and 0 <= number < MOST_BASES for number in self.numbers):
            raise damaged(
                f"attribute {BASIS_NUMBERS!r} of {group.path} (got {self.numbers}) must list numbers"
            )
        if len(self.numbers) != len(self.types):
            raise damaged(f"{BASIS_TYPES} and {BASIS_NUMBERS} of {group.path} must be as long")
        count = max(self.numbers, default=-1) + 1
        expected = [*OWN, *(f"basis_{i}_{name}" for i in range(count) for name in OF_BASIS)]
        self.names = group.strings(ATTRIBUTES)
        if self.names != expected:
            raise damaged(f"{ATTRIBUTES} of {group.path} (got {self.names}) must be {expected}")
        self.arrays: dict[str, StoredArray | StoredLevels] = {}
        for name in self.names:
            if group.holds_group(name):
                levels = self.arrays[name] = StoredLevels.of(group.group(name))
                levels.check(file)
            else:
                array = self.arrays[name] = group.array(name)
                file.check(array)

    def read(self, file: OpenFile, digest: Digest) -> Spread:
        """Read and hash it; the rules of spreads check what it holds."""
        digest.record(spread_record(self.places, self.types, self.numbers, self.names))
        arrays = {
            name: x.read(file, name, digest)
            if isinstance(x, StoredLevels)
            else read_array(file, x, name, digest)
            for name, x in self.arrays.items()
        }
        count = max(self.numbers, default=-1) + 1
        bases = tuple(
            FeatureBasis(**{name: arrays[f"basis_{i}_{name}"] for name in OF_BASIS})
            for i in range(count)
        )
        return Spread(
            places=tuple(_place(text) for text in self.places),
            bases=bases,
            basis_of={decoded(t): i for t, i in zip(self.types, self.numbers, strict=True)},
            **{name: arrays[name] for name in OWN},
        )


def _place(text: str) -> Place:
    return tuple(relation_of(key) for key in text.split("/"))


def spread_record(
    places: Sequence[str], types: Sequence[str], numbers: Sequence[int], names: Sequence[str]
) -> list[object]:
    """The record that precedes a spread's arrays in the data digest."""
    return [SPREAD, list(places), list(types), list(numbers), list(names)]
