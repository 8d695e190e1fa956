"""What a method may take to condense a graph: an hour of one core, and 12 GiB."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SECONDS = 3600.0
"""Of processor time, so that other processes on the machine do not count."""
MEMORY = 12 * 2**30
"""Bytes, all of the process's data together."""


class OverLimitError(Exception):
    """A method takes more than it may."""


@contextmanager
def limited(seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """Limit what is done inside; in the main thread alone.

    Args:
        seconds: of processor time, all threads together.
        memory: bytes of the process's data.

    Raises:
        OverLimitError: it took more.
    """

    def over(*_: object) -> NoReturn:
        raise OverLimitError(f"more than {seconds / 60:.0f} minutes of one core")

    earlier = signal.signal(signal.SIGPROF, over)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has no error of its own for memory on the CPU.
        if isinstance(error, MemoryError) or "memory" in str(error):
            raise OverLimitError(f"more than {memory / 2**30:.0f} GiB") from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, earlier)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
