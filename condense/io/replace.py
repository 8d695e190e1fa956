"""Atomic replacement of a file: whatever goes wrong, the old file is either kept or replaced whole."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from condense.errors import FileError
from condense.io.lock import short_digest, try_lock

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ABANDONED = 60
"""Seconds after which a temporary file without a lock is nobody's; before, it may just not be locked yet."""
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
        try_lock(self._file.fileno())  # While it is held, `_remove_abandoned` keeps its hands off.
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
        FileError: the folder is missing or not writable, `path` is no regular file, the disk is full.
    """
    target = Path(os.path.realpath(path))
    temporary = _temporary(target)
    try:
        _check_replaceable(target, path)
        if not target.parent.is_dir():
            raise FileError(
                f"path (got {path}) lies in a missing folder; create {target.parent} first"
            )
        _remove_abandoned(target)
        with contextlib.closing(Sink(temporary)) as sink:
            yield sink
            sink.sync()
        _check_replaceable(target, path)  # Another program may have put something there meanwhile.
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


def _check_replaceable(target: Path, path: str | os.PathLike[str]) -> None:
    """Raise unless `target` is missing or a regular file: devices and pipes are never replaced.

    Raises:
        FileError: it is something else; `path` is what the user gave.
        OSError: it cannot be looked at, for example because its name is too long.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise FileError(f"path (got {path}) is a folder; name a file in it, such as {target}/a.h5")
    if not stat.S_ISREG(mode):
        raise FileError(
            f"path (got {path}) is no regular file but {_KINDS.get(stat.S_IFMT(mode), 'something else')}, "
            "which must not be replaced; name a new file"
        )


_KINDS = {
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def _temporary(target: Path) -> Path:
    """A new name beside `target`, which says what it is for and is never too long."""
    return target.with_name(f".{short_digest(target.name)}.{secrets.token_hex(8)}.tmp")


def _remove_abandoned(target: Path) -> None:
    """Remove temporary files for `target` whose writers are dead: they hold no lock and are not new."""
    for path in target.parent.glob(f".{short_digest(target.name)}.*.tmp"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or time.time() - found.st_mtime <= ABANDONED:
                continue  # Opening a pipe could wait for ever.
            with path.open("rb") as file:
                if try_lock(file.fileno()):
                    path.unlink()


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
    if error.errno == errno.ENAMETOOLONG:
        return "give a shorter name"
    if error.errno in FORBIDDEN:
        return f"get permission to write to {folder}"
    return f"check that files can be created in {folder}"


def check_target(path: Path, beside: str = "") -> None:
    """Check, before long work, that a file can be written at `path`; missing folders are created.

    Args:
        path: of the file.
        beside: ending of a longer name that is needed too.

    Raises:
        FileError: no file can be written there.
    """
    try:
        target = Path(os.path.realpath(path))  # Where a link leads.
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_replaceable(target, path)
        if beside:
            path.with_name(path.name + beside).exists()  # Raises if that name is too long.
        probe = _temporary(target)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FileError(
            f"path (got {path}) cannot be written: {error.strerror or error}; "
            f"{_remedy(error, path.parent)}, or save elsewhere"
        ) from error
