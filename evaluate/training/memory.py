"""By how much memory rises while a model is optimised."""

from __future__ import annotations

import contextlib
import ctypes

import torch

from condense.running.timing import peak_bytes, reset_peak, resident_bytes


class TrainingPeak:
    """The greatest memory of training above what was in use before it, leaving out what is paused for.

    It counts what training adds: the prepared inputs, the model, activations, gradients and the optimiser's
    state. Not counted are the interpreter, the graphs that were there before, and what validation prepares
    and keeps. On the CPU it is resident memory of the process, on a GPU what is allocated there; a process's
    first training also counts what its libraries load on first use. It begins to count when it is made.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._rise = device, 0
        _hand_back()
        # In use by others: before training, and since then by what happened in pauses.
        self._others = self._before_pause = resident_bytes(device)
        reset_peak(device)

    def pause(self) -> None:
        """What follows is no training."""
        if self._others is not None:
            self._rise = max(self._rise, peak_bytes(self._device) - self._others)
            self._before_pause = resident_bytes(self._device)

    def resume(self) -> None:
        """Training goes on; what the pause has left behind is not its memory."""
        if self._others is not None and self._before_pause is not None:
            self._others += (resident_bytes(self._device) or 0) - self._before_pause
            reset_peak(self._device)

    @property
    def rise(self) -> int | None:
        """Bytes, as of the last pause; None where the system does not tell."""
        return None if self._others is None else self._rise


def _hand_back() -> None:
    """Let the allocator return what it keeps of freed memory: it would hide what is taken from it next."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc's; elsewhere the rise may be too small.
