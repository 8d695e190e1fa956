"""Atomic replacement of a file: whatever goes wrong, the old file is either kept or replaced whole."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from condense.errors import FileError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Sink(io.RawIOBase):
    """A new file for h5py that remembers a failed write instead of raising it.

    HDF5 crashes the interpreter when a write fails while it closes a file (h5py issue 914), so a
    full disk would cost the whole process. So failures are hidden from HDF5: after one, nothing
    more is written, and `check` raises the error when HDF5 is not in the middle of an operation.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("xb+", buffering=0)
        self._failure: OSError | None = None

    def check(self) -> None:
        """Raise the first failure, if there was one."""
        if self._failure is not None:
            raise self._failure

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        self.check()
        os.fsync(self._file.fileno())

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer) or 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while self._failure is None and done < len(view):
            try:
                done += self._file.write(view[done:]) or 0
            except OSError as error:
                self._failure = error
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def truncate(self, size: int | None = None) -> int:
        try:
            return self._file.truncate(size)
        except OSError as error:
            self._failure = self._failure or error
            return size or 0

    def close(self) -> None:
        self._file.close()
        super().close()


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], elsewhere: str = "save elsewhere") -> Iterator[Sink]:
    """A sink beside `path` that takes its place, synced, once the block ends without an error.

    A symbolic link is followed; the temporary file is gone afterwards in every case.

    Args:
        path: path of the file.
        elsewhere: what errors advise for saving elsewhere.

    Raises:
        FileError: the folder is missing or not writable, `path` is a folder, the disk is full.
    """
    target = Path(path).resolve()
    if target.is_dir():
        raise FileError(f"path (got {path}) is a folder; name a file in it, such as {target}/a.h5")
    if not target.parent.is_dir():
        raise FileError(f"path (got {path}) lies in a missing folder; create {target.parent} first")
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with contextlib.closing(Sink(temporary)) as sink:
            yield sink
            sink.sync()
        os.replace(temporary, target)
    except OSError as error:
        raise FileError(
            f"path (got {path}) cannot be written: {error.strerror or error}; "
            f"{_remedy(error, target.parent)}, or {elsewhere}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    with contextlib.suppress(OSError):  # some file systems cannot sync a folder; the file is there
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Wait until the new name is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remedy(error: OSError, folder: Path) -> str:
    if error.errno in FULL:
        return f"free disk space or raise the quota of {folder}"
    if error.errno in FORBIDDEN:
        return f"get permission to write to {folder}"
    return f"check that files can be created in {folder}"


def check_target(path: Path) -> None:
    """Check, before long work, that a file can be written at `path`; missing folders are created.

    Raises:
        FileError: no file can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise FileError(
                f"path (got {path}) is a folder; name a file in it, such as {path}/a.h5"
            )
        probe = path.with_name(f".{secrets.token_hex(8)}.tmp")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FileError(
            f"path (got {path}) cannot be written: {error.strerror or error}; "
            f"{_remedy(error, path.parent)}, or save elsewhere"
        ) from error
