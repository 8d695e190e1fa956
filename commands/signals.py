"""Ctrl-C and SIGTERM end a command gently: both raise KeyboardInterrupt, but never inside an import.

An exception inside a half-finished import of a large package surfaces as any other error. So a signal that
arrives there waits until the import has ended. A signal that the caller ignores, as `nohup` and a shell's
background jobs do, stays ignored.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses after Ctrl-C and SIGTERM, as shells have them."""
AGAIN = 0.05
"""Seconds after which a signal that met an import tries again."""


class Stops:
    """The signals that arrived.

    Attributes:
        arrived: whether there was one.
        terminated: whether SIGTERM was among them.
    """

    def __init__(self) -> None:
        self.arrived = False
        self.terminated = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt, now or as soon as no import is under way."""
        self.arrived = True
        self.terminated |= number == signal.SIGTERM
        if _importing(frame):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)  # Sends SIGALRM, which comes here, too.
        else:
            raise KeyboardInterrupt


@contextlib.contextmanager
def stoppable() -> Iterator[Stops]:
    """Inside, signals end the command as this module says; only the main thread can do that."""
    stops = Stops()
    if threading.current_thread() is not threading.main_thread():
        yield stops
        return
    wanted = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stops.handle) for number in (*wanted, signal.SIGALRM)}
    try:
        yield stops
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _importing(frame: FrameType | None) -> bool:
    """Whether the code that was interrupted is being run by an import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False
