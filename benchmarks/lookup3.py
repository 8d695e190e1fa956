"""Bob Jenkins's lookup3 hash, the checksum of HDF5's metadata, for many lengths at once.

Source: http://burtleburtle.net/bob/c/lookup3.c (public domain), `hashlittle` with the initial value 0.
"""

from __future__ import annotations

import numpy as np

Lanes = np.ndarray


def lookup3(data: bytes, lengths: np.ndarray) -> np.ndarray:
    """The hashes of the first n bytes of `data`, for each n in `lengths`, as uint32."""
    lengths = np.asarray(lengths, np.int64)
    words = np.zeros(-(-len(data) // 12) * 12 + 24, np.uint8)
    words[: len(data)] = np.frombuffer(data, np.uint8)
    a = (np.uint32(0xDEADBEEF) + lengths.astype(np.uint32)).astype(np.uint32)
    b, c = a.copy(), a.copy()
    left, position = lengths.copy(), 0
    with np.errstate(over="ignore"):
        while (active := left > 12).any():
            k = words[position : position + 12].view("<u4")
            mixed = _mix(a + k[0], b + k[1], c + k[2])
            a, b, c = (
                np.where(active, new, old) for new, old in zip(mixed, (a, b, c), strict=True)
            )
            left, position = np.where(active, left - 12, left), position + 12
        starts = lengths - left
        tails = words[starts[:, None] + np.arange(12)]  # [lengths, 12]
        tails = np.where(np.arange(12) < left[:, None], tails, 0).astype(np.uint8)
        k = np.ascontiguousarray(tails).view("<u4")  # [lengths, 3]
        last = _final(a + k[:, 0], b + k[:, 1], c + k[:, 2])
    return np.where(left > 0, last, c)


def _rotated(x: Lanes, bits: int) -> Lanes:
    return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))


def _mix(a: Lanes, b: Lanes, c: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    a, c = (a - c) ^ _rotated(c, 4), c + b
    b, a = (b - a) ^ _rotated(a, 6), a + c
    c, b = (c - b) ^ _rotated(b, 8), b + a
    a, c = (a - c) ^ _rotated(c, 16), c + b
    b, a = (b - a) ^ _rotated(a, 19), a + c
    c, b = (c - b) ^ _rotated(b, 4), b + a
    return a, b, c


def _final(a: Lanes, b: Lanes, c: Lanes) -> Lanes:
    for bits_c, bits_a, bits_b in ((14, 11, 25), (16, 4, 14)):
        c = (c ^ b) - _rotated(b, bits_c)
        a = (a ^ c) - _rotated(c, bits_a)
        b = (b ^ a) - _rotated(a, bits_b)
    return (c ^ b) - _rotated(b, 24)
