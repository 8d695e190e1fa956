"""Checks what a numpy file declares before anything of that size is read or allocated.

A file from elsewhere may promise more than it holds: an array's header any shape, an archive's entry any
size.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO

from numpy.lib import format as npy

EXPANSION = 200
"""An archive may inflate to this many times its own size; arrays of features rarely reach 20."""
ALLOWANCE = 64 << 20
"""An archive may inflate to as many bytes in any case."""
DENSE_BYTES = 4 << 30
"""A sparse matrix may take at most this much: as float32 when dense, as all readers make it, and its rows."""


def check_declared(path: Path, keys: Collection[str] | None = None) -> None:
    """Raise unless `path` is a .npy or .npz file, of plain numbers or text, that holds what it declares.

    Args:
        path: the file.
        keys: the arrays of an archive that are going to be read, and checked alone; by default all.

    Raises:
        ValueError: it is not; the message says why.
        OSError, zipfile.BadZipFile: it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    if not zipfile.is_zipfile(path):
        with path.open("rb") as stream:
            _check_array(stream, path.stat().st_size, path.name)
        return
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        total = sum(entry.file_size for entry in entries)
        if total > ALLOWANCE + EXPANSION * size:
            raise ValueError(f"{size:,} bytes that declare {total:,} when inflated")
        for entry in entries:
            if keys is not None and entry.filename.removesuffix(".npy") not in keys:
                continue
            with archive.open(entry) as stream:
                _check_array(stream, entry.file_size, entry.filename)


def check_dense(shape: tuple[int, ...]) -> None:
    """Raise where a sparse matrix of `shape` would be too large when dense.

    Raises:
        ValueError: it would.
    """
    if len(shape) != 2 or min(shape) < 0:
        raise ValueError(f"a sparse matrix of shape {list(shape)}")
    size = 4 * math.prod(shape) + 8 * shape[0]  # The second for the starts of CSR's rows.
    if size > DENSE_BYTES:
        raise ValueError(
            f"a sparse matrix of shape {list(shape)}, {size / 2**30:,.0f} GiB when dense"
        )


def _check_array(stream: IO[bytes], size: int, name: str) -> None:
    """Raise unless the array's header in `stream` declares at most `size` bytes of plain values."""
    version = npy.read_magic(stream)
    # Version 3 differs from 2 in the encoding of field names alone, which do not matter here.
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError(f"Object arrays, which are pickled code, are never read; {name} is one")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{name} declares {dtype} {list(shape)} in {size:,} bytes")
