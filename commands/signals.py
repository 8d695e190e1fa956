"""Ctrl-C and SIGTERM end a command gently: both raise KeyboardInterrupt, where it can do its work.

An exception inside a half-finished import of a large package surfaces as any other error. So a signal that
arrives there waits until the import has ended. In a finalizer or in the callback of a weak reference Python
drops every exception; what it dropped is raised again a moment later. A signal that the caller ignores, as
`nohup` and a shell's background jobs do, stays ignored.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses after Ctrl-C and SIGTERM, as shells have them."""
AGAIN = 0.05
"""Seconds after which a signal tries again that met an import or a place where exceptions are dropped."""


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
            self.try_again()
        else:
            raise KeyboardInterrupt

    def try_again(self) -> None:
        """Have `handle` called in a moment, by SIGALRM."""
        signal.setitimer(signal.ITIMER_REAL, AGAIN)


@contextlib.contextmanager
def stoppable() -> Iterator[Stops]:
    """Inside, signals end the command as this module says; only the main thread can do that."""
    stops = Stops()
    if threading.current_thread() is not threading.main_thread():
        yield stops
        return
    wanted = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stops.handle) for number in (*wanted, signal.SIGALRM)}
    report_dropped = sys.unraisablehook

    def dropped(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            stops.try_again()
        else:
            report_dropped(unraisable)

    sys.unraisablehook = dropped
    try:
        yield stops
    finally:
        sys.unraisablehook = report_dropped
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
