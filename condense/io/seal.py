"""The seal of a file: 512 bytes of text before its HDF5 part, with that part's length and SHA-256.

A damaged file is recognised by reading it once from end to end, before any of its contents are interpreted.
"""

from __future__ import annotations

import hashlib
import io
import re

from condense.io.damage import damaged

SIZE = 512
"""HDF5's smallest user block; HDF5 libraries skip it."""
SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""The first bytes of every HDF5 part."""
TEXT = "multimodal graph file, version 1 of this block; HDF5 begins at byte 512\nlength {}\nsha256 {}\n"
PATTERN = re.compile(re.escape(TEXT).replace(r"\{\}", "{}").format(r"(\d{1,19})", "([0-9a-f]{64})"))
BLOCK = 1 << 20


def seal(file: io.RawIOBase) -> None:
    """Write the seal into the first SIZE bytes of `file`, whose HDF5 part is complete."""
    length, digest = _digest(file)
    file.seek(0)
    file.write(TEXT.format(length, digest).encode().ljust(SIZE, b"\0"))


def check_seal(file: io.RawIOBase) -> None:
    """Compare a file with its seal; a file of another writer may have none.

    Raises:
        FileError: the file is no HDF5 file, or differs from its seal.
    """
    file.seek(0)
    start = file.read(SIZE + len(SIGNATURE)) or b""
    block = start[:SIZE]
    if start.startswith(SIGNATURE) or (start[SIZE:] == SIGNATURE and not any(block)):
        return
    text, padding = block.rstrip(b"\0"), b"\0" * SIZE
    match = PATTERN.fullmatch(text.decode("latin-1"))
    if match is None or block != (text + padding)[:SIZE]:
        if start[SIZE:] == SIGNATURE:
            raise damaged("its first 512 bytes are neither a seal of this format nor all zero")
        raise damaged("it is not an HDF5 file, or its beginning is lost")
    expected = int(match[1])
    size = file.seek(0, io.SEEK_END)
    if size != SIZE + expected:
        fault = "is truncated" if size < SIZE + expected else "has grown"
        raise damaged(f"it {fault}: it has {size:,} bytes, and its seal says {SIZE + expected:,}")
    if _digest(file)[1] != match[2]:
        raise damaged(
            "its bytes do not match the SHA-256 checksum in its first 512 bytes (a program that changes a "
            "file must set these to zero)"
        )


def _digest(file: io.RawIOBase) -> tuple[int, str]:
    """The number of bytes after the first SIZE, and their SHA-256."""
    file.seek(SIZE)
    digest, length, block = hashlib.sha256(), 0, bytearray(BLOCK)
    view = memoryview(block)
    while count := file.readinto(view):
        digest.update(view[:count])
        length += count
    return length, digest.hexdigest()
