"""Lists the contents of an HDF5 file by asking `condense.io.scan`, a process that may die of a bad file."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from condense.errors import FileError
from condense.io.damage import damaged

PROGRAM = Path(__file__).with_name("scan.py")
PATIENCE = 60
"""Seconds to wait for an answer; a busy process is stopped earlier by its own limit of processor time."""


def list_contents(path: Path, size: int) -> dict[str, Any]:
    """The root group of the HDF5 file at `path` as JSON, see `condense.io.scan`.

    Args:
        path: of a regular file.
        size: its bytes.

    Raises:
        FileError: the HDF5 library cannot read the file, crashed, or took too much time or memory.
    """
    answer = _lister(os.getpid()).ask({"path": str(path.absolute()), "size": size})
    if "refused" in answer:
        raise FileError(f"it holds {answer['refused']}, which no file of this format needs")
    if "error" in answer:
        raise damaged(f"HDF5 cannot read it ({answer['error']})")
    return answer["root"]


class _Lister:
    """A running `scan` process; it is started at the first question and serves until this one ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to `request`; the process is stopped if none comes."""
        with self._lock:
            process = self._running()
            try:
                return _asked(process, request)
            except TimeoutError:
                raise damaged(f"HDF5 did not finish reading it in {PATIENCE} s") from None
            except (EOFError, BrokenPipeError):
                raise damaged(f"reading it {_end(process.wait(PATIENCE))}") from None
            finally:
                if sys.exc_info()[0] is not None:
                    self._stop()

    def stop(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            # -P: the files beside `scan` must not be imported in place of libraries.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        return self._process

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._process = None


@functools.lru_cache(maxsize=1)
def _lister(process_id: int) -> _Lister:
    """The lister of this process; a fork must not share its parent's."""
    lister = _Lister()
    atexit.register(lister.stop)
    return lister


def _asked(process: subprocess.Popen[bytes], request: dict[str, Any]) -> dict[str, Any]:
    """The answer of `process`; raises the errors of `_receive`, and BrokenPipeError."""
    assert process.stdin is not None
    process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
    process.stdin.flush()
    deadline = time.monotonic() + PATIENCE
    length = int.from_bytes(_receive(process, 8, deadline), "little")
    return json.loads(_receive(process, length, deadline))


def _receive(process: subprocess.Popen[bytes], length: int, deadline: float) -> bytes:
    """The next `length` bytes of the process's output.

    Raises:
        EOFError: the process has ended.
        TimeoutError: they do not arrive in time.
    """
    assert process.stdout is not None
    descriptor, parts, poll = process.stdout.fileno(), bytearray(), select.poll()
    poll.register(descriptor, select.POLLIN)
    while len(parts) < length:
        if not poll.poll(1000 * max(0.0, deadline - time.monotonic())):
            raise TimeoutError
        part = os.read(descriptor, min(1 << 20, length - len(parts)))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _end(status: int) -> str:
    """How a process with this exit status ended, in words."""
    if status == -signal.SIGXCPU:
        return "took too much processor time"
    if status < 0:
        return f"crashed the HDF5 library ({signal.Signals(-status).name})"
    return f"ended the process that lists its contents (exit status {status})"
