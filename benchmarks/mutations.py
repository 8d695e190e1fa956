"""Damage to files: as accidents do it, and as attackers do, who make the checksums right again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.lookup3 import lookup3
from condense.io.seal import SIGNATURE, SIZE, TEXT

METADATA = (SIGNATURE, b"OHDR", b"OCHK", b"FRHP", b"FHIB", b"BTHD", b"BTLF", b"BTIN", b"FAHD", b"FADB",
            b"EAHD", b"EAIB", b"EASB", b"EADB", b"FSHD", b"FSSE", b"SMTB", b"SMLI")  # fmt: skip
"""Signatures of the parts of HDF5's metadata that end in a checksum of their own."""
LONGEST = 2048
INTERESTING = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63 - 1,
    2**64 - 1,
)
"""Numbers at which programs err."""


@dataclass(frozen=True)
class Base:
    """A sound file to damage.

    Attributes:
        name: of it.
        data: its bytes.
        regions: first and last byte of each part with a checksum, which follows it.
    """

    name: str
    data: bytes
    regions: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, name: str, data: bytes) -> Base:
        """Find the parts of `data` that have a checksum, by trying all lengths."""
        regions = []
        for signature in METADATA:
            place = data.find(signature)
            while place >= 0:
                part = data[place : place + LONGEST]
                lengths = np.arange(8, len(part) - 4)
                stored = np.lib.stride_tricks.sliding_window_view(np.frombuffer(part, np.uint8), 4)
                stored = np.ascontiguousarray(stored[8 : len(part) - 4]).view("<u4")[:, 0]
                for length in lengths[lookup3(part, lengths) == stored][:1]:
                    regions.append((place, place + int(length)))
                place = data.find(signature, place + 1)
        return cls(name, data, tuple(sorted(regions)))


Mutation = Callable[[bytearray, Base, np.random.Generator], bytearray]


def _bit(data: bytearray, base: Base, rng: np.random.Generator) -> bytearray:
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return data


def _byte(data: bytearray, base: Base, rng: np.random.Generator) -> bytearray:
    data[rng.integers(len(data))] = int(rng.integers(256))
    return data


def _word(data: bytearray, base: Base, rng: np.random.Generator) -> bytearray:
    width = int(rng.choice([2, 4, 8]))
    value = int(rng.choice(np.array(INTERESTING, dtype=np.uint64))) % 256**width
    place = int(rng.integers(len(data) - width))
    data[place : place + width] = value.to_bytes(width, "little")
    return data


def _block(data: bytearray, base: Base, rng: np.random.Generator) -> bytearray:
    length = int(rng.integers(2, 513))
    place = int(rng.integers(max(1, len(data) - length)))
    data[place : place + length] = rng.bytes(length) if rng.random() < 0.7 else bytes(length)
    return data


def _truncated(data: bytearray, base: Base, rng: np.random.Generator) -> bytearray:
    return data[: rng.integers(len(data))]


def _swapped(data: bytearray, base: Base, rng: np.random.Generator) -> bytearray:
    length = int(rng.integers(8, 1025))
    a, b = (int(place) for place in rng.integers(max(1, len(data) - length), size=2))
    data[a : a + length], data[b : b + length] = data[b : b + length], data[a : a + length]
    return data


def _metadata(data: bytearray, base: Base, rng: np.random.Generator) -> bytearray:
    """Changes inside one or two parts of HDF5's metadata, whose checksums are made right again."""
    for _ in range(int(rng.integers(1, 3))):
        first, last = base.regions[rng.integers(len(base.regions))]
        part = bytearray(data[first:last])
        for _ in range(int(rng.integers(1, 4))):
            change = (_bit, _byte, _word, _word)[rng.integers(4)]
            part = change(part, base, rng)
        data[first:last] = part
        checksum = int(lookup3(bytes(part), np.array([len(part)]))[0])
        data[last : last + 4] = checksum.to_bytes(4, "little")
    return data


MUTATIONS: Mapping[str, Mutation] = {
    "bit": _bit,
    "byte": _byte,
    "word": _word,
    "block": _block,
    "truncation": _truncated,
    "swap": _swapped,
    "metadata": _metadata,
}
SHARES = {"metadata": 6}
"""How often a kind is drawn, 1 for those that are not named: metadata is where readers fail."""
SEALS = {"kept": 1, "made again": 3, "removed": 2}
"""What becomes of the seal, with shares: an accident keeps it, an attacker does not."""


@dataclass(frozen=True)
class Mutated:
    """A damaged file.

    Attributes:
        base: name of the sound file.
        kind: of the damage, in MUTATIONS.
        seal: what became of the seal, in SEALS; "none" where the sound file had none.
        data: its bytes.
    """

    base: str
    kind: str
    seal: str
    data: bytes


def mutated(bases: tuple[Base, ...], seed: int, number: int) -> Mutated:
    """The damaged file with this number; equal seeds give equal files."""
    rng = np.random.default_rng([seed, number])
    base = bases[rng.integers(len(bases))]
    kind, seal = _drawn(rng, {k: SHARES.get(k, 1) for k in MUTATIONS}), _drawn(rng, SEALS)
    data = MUTATIONS[kind](bytearray(base.data), base, rng)
    if base.data.startswith(SIGNATURE):
        return Mutated(base.name, kind, "none", bytes(data))
    if seal == "made again":
        hdf5 = bytes(data[SIZE:])
        text = TEXT.format(len(hdf5), hashlib.sha256(hdf5).hexdigest())
        data[:SIZE] = text.encode().ljust(SIZE, b"\0")
    elif seal == "removed":
        data[:SIZE] = bytes(SIZE)
    return Mutated(base.name, kind, seal, bytes(data))


def _drawn(rng: np.random.Generator, shares: Mapping[str, int]) -> str:
    weights = np.array(list(shares.values()), float)
    return str(rng.choice(list(shares), p=weights / weights.sum()))
