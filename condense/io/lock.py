"""A lock on an output, so that two processes never write to one file or folder."""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import json
import logging
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from condense.errors import FileError, UserError

try:
    import fcntl
except ImportError:  # Windows has no such locks.
    fcntl = None

log = logging.getLogger(__name__)

PAUSE = 0.01
"""Seconds between two looks at a lock that another process holds."""


@contextlib.contextmanager
def held(out: Path, folder: bool = False, wait: float = 0.0) -> Iterator[None]:
    """Hold the file or folder `out` while the block runs; the kernel releases it if this process dies.

    The lock is a hidden file beside `out`, or in it if it is a `folder`, which is made if it is missing. It
    names its holder and is removed at the end. Where the file system has no locks, a warning is logged and
    nothing is held.

    Args:
        out: the file or folder.
        folder: which of the two.
        wait: seconds to wait for another process that holds it.

    Raises:
        UserError: another process holds it; the message names that process.
        FileError: the lock's file cannot be written.
    """
    target = Path(os.path.realpath(out))
    path = (
        target / ".mmgc.lock" if folder else target.with_name(f".{short_digest(target.name)}.lock")
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _taken(path, out, wait)
    except OSError as error:
        raise FileError(
            f"out (got {out}) cannot be written: {error.strerror or error}; choose another --out"
        ) from error
    try:
        yield
    finally:
        if descriptor is not None:
            # Removed while it is still held, so that nobody can hold a file that has another name by now.
            path.unlink(missing_ok=True)
            os.close(descriptor)
        if folder:
            with contextlib.suppress(OSError):  # Unless nothing was written, it is not empty.
                target.rmdir()


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file without waiting: True if done, False if another one holds it, None if impossible."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def short_digest(name: str) -> str:
    """Eight hexadecimal digits for a file name, which itself may be too long to be made longer."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:8]


def _taken(path: Path, out: Path, wait: float) -> int | None:
    """The descriptor of the locked file `path`; None where files cannot be locked."""
    until = time.monotonic() + wait
    while True:
        descriptor = _opened(path, out)
        try:
            locked = try_lock(descriptor)
            if locked is None:
                _warn(out)
                os.close(descriptor)
                path.unlink(missing_ok=True)
                return None
            if not locked:
                if time.monotonic() >= until:
                    raise _busy(out, descriptor)
                time.sleep(PAUSE)
            elif _is_at(descriptor, path):
                with contextlib.suppress(OSError):  # A full disk: the lock holds without a name.
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, json.dumps(_holder()).encode(), 0)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


@functools.cache
def _warn(out: Path) -> None:
    """Say it once for each output, however often that is held."""
    log.warning("%s: files cannot be locked there; do not write to it twice at a time", out)


def _opened(path: Path, out: Path) -> int:
    """A descriptor of the file `path`, made if it is missing; no link to another file is followed.

    Raises:
        FileError: it is a link, or no regular file; writing to it would change something else.
        OSError: it cannot be made.
    """
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise FileError(
                f"out (got {out}) cannot be held: {path} is a link or no regular file; delete it, or choose "
                "another --out"
            )
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file still has this name: its last holder may have removed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _holder() -> dict[str, str]:
    return {
        "process": str(os.getpid()),
        "host": socket.gethostname(),
        "since": datetime.datetime.now().isoformat(" ", "seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def _busy(out: Path, descriptor: int) -> UserError:
    holder = {"process": "?", "host": "?", "since": "?", "command": "?"}
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        holder |= json.loads(os.pread(descriptor, 1 << 16, 0))
    return UserError(
        f"out (got {out}) is being written by process {holder['process']} on {holder['host']} since "
        f"{holder['since']} ({holder['command']}); wait for it, or choose another --out"
    )
