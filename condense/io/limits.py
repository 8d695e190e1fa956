"""Limits on what a file may claim to hold; docs/format.md states them."""

from __future__ import annotations

from condense.errors import FileError

FREE = 128 << 20
"""Bytes of arrays and nodes that every file may hold."""
TIMES = 200
"""More may be held by larger files: so many times their own size. Features compress 2 to 50 times."""
CHUNK = 64 << 20
"""Largest chunk, in bytes."""
NODE = 8
"""What a node without any array counts, in bytes: models and condensers keep numbers for it."""


class Allowance:
    """What a file of `size` bytes may still claim."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._limit = self._left = FREE + TIMES * size

    def take(self, nbytes: int, what: str) -> None:
        """Count `nbytes` bytes of memory for `what`.

        Raises:
            FileError: the file claims more than a file of its size may.
        """
        self._left -= nbytes
        if self._left < 0:
            raise FileError(
                f"{what} ({nbytes:,} bytes uncompressed) exceeds what a file of {self._size:,} bytes "
                f"may hold, {self._limit:,} bytes in all: it is damaged or made to fill the memory; "
                "store wide features with few entries as sparse ones"
            )
