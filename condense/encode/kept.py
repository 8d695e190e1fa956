"""Features that are finished, kept in a folder, so that an interrupted run goes on."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from condense.errors import FileError
from condense.io.replace import replacing

SECONDS = 10.0
"""Between two writes: work of less time is not worth a file."""
KEY = 16

logger = logging.getLogger(__name__)


def content_key(content: bytes) -> bytes:
    """Names a content, [KEY] bytes: equal contents, and in practice no others, have equal keys."""
    return hashlib.blake2b(content, digest_size=KEY).digest()


def among(keys: NDArray[np.bytes_], key: bytes) -> bool:
    """Whether a key is among sorted ones, of which thousands of processes need no copy.

    Args:
        keys: of `Kept.keys`.
        key: of a content.
    """
    place = int(np.searchsorted(keys, np.array(key, dtype=keys.dtype)))
    return keys[place : place + 1].tobytes() == key


class Kept:
    """The features that earlier runs of an encoder left in a folder, and those that this run adds.

    Features are found by their contents, whatever their order was, so a data set may change in between. The
    files are `<number>.npz` with keys uint8 [b, KEY] and rows float32 [b, width], in a folder named after
    the encoder. A damaged file is left out, and its contents are encoded again.

    Args:
        folder: for all encoders; None keeps nothing.
        identity: of the encoder.
        width: of its features.
    """

    def __init__(self, folder: Path | None, identity: str, width: int) -> None:
        name = re.sub(r"[^\w.-]+", "-", identity)[-60:]
        digest = hashlib.blake2b(identity.encode(), digest_size=4).hexdigest()
        self._folder = None if folder is None else folder / f"{name}-{digest}"
        self._width, self._written_at = width, time.monotonic()
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self._waiting: list[tuple[bytes, NDArray[np.float32]]] = []
        self._number = 0
        for path in sorted(self._folder.glob("*.npz")) if self._folder else ():
            self._number = max(self._number, int(path.stem) + 1 if path.stem.isdecimal() else 0)
            self._known.update(self._read(path))

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: bytes) -> bool:
        return key in self._known

    def __getitem__(self, key: bytes) -> NDArray[np.float32]:
        """The features [width] of a content that an earlier run encoded."""
        return self._known[key]

    def keys(self) -> NDArray[np.bytes_]:
        """The keys of all contents that earlier runs encoded, sorted, S16 [k]; see `among`."""
        return np.sort(np.array(list(self._known), dtype=f"S{KEY}"))

    def add(self, keys: Sequence[bytes], rows: NDArray[np.float32]) -> None:
        """Keep the features [b, width] of contents; at most every SECONDS they are written.

        Raises:
            FileError: the folder cannot be written.
        """
        if self._folder is None or not keys:
            return
        self._waiting.extend(zip(keys, rows, strict=True))
        if time.monotonic() - self._written_at >= SECONDS:
            self._write()

    def close(self) -> None:
        """Write the rest, if anything was written before."""
        if self._folder is not None and self._folder.exists() and self._waiting:
            self._write()

    def _read(self, path: Path) -> dict[bytes, NDArray[np.float32]]:
        try:
            with np.load(path, allow_pickle=False) as loaded:
                keys, rows = loaded["keys"], loaded["rows"]
            if keys.dtype != np.uint8 or keys.shape != (len(rows), KEY):
                raise ValueError("other keys")
            if rows.dtype != np.float32 or rows.shape[1:] != (self._width,):
                raise ValueError("other features")
        except Exception as error:  # A damaged file may raise anything in numpy and zipfile.
            logger.warning("%s is left out (%s); what it held is encoded again", path, error)
            return {}
        return {key.tobytes(): row for key, row in zip(keys, rows, strict=True)}

    def _write(self) -> None:
        assert self._folder is not None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(
                f"{self._folder} cannot be created ({error.strerror}); finished features are kept there, so "
                "make it writable, or choose another --out"
            ) from None
        keys = np.frombuffer(b"".join(key for key, _ in self._waiting), np.uint8)
        rows = np.stack([row for _, row in self._waiting])
        with replacing(self._folder / f"{self._number:06}.npz", "choose another --out") as sink:
            np.savez(sink, keys=keys.reshape(-1, KEY), rows=rows)
        self._number += 1
        self._waiting.clear()
        self._written_at = time.monotonic()
