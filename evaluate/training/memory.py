"""How much memory rises while a model is optimised."""

from __future__ import annotations

import contextlib
import ctypes

import torch

from condense.running.timing import peak_bytes, reset_peak, resident_bytes


class TrainingPeak:
    """The peak memory of training above what was in use before it, excluding pauses.

    It counts what training adds: the prepared inputs, the model, activations, gradients and the optimiser's
    state. It does not count the interpreter, graphs loaded before, or what validation prepares and keeps. On
    the CPU it measures the resident memory of the process, on a GPU the memory allocated there. The first
    training of a process also counts what libraries load on first use. Counting starts at construction.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._rise = device, 0
        hand_back()
        # Memory that is not training's: in use before it, or added in pauses.
        self._others = self._before_pause = resident_bytes(device)
        reset_peak(device)

    def pause(self) -> None:
        """Stop counting: what follows is not training."""
        if self._others is not None:
            self._rise = max(self._rise, peak_bytes(self._device) - self._others)
            self._before_pause = resident_bytes(self._device)

    def resume(self) -> None:
        """Continue counting; memory that the pause left in use does not count."""
        if self._others is not None and self._before_pause is not None:
            self._others += (resident_bytes(self._device) or 0) - self._before_pause
            reset_peak(self._device)

    @property
    def rise(self) -> int | None:
        """The rise in bytes up to the last pause; None where the system does not report memory."""
        return None if self._others is None else self._rise


def hand_back() -> None:
    """Make the allocator return freed memory to the system.

    Reusing it would hide the next allocations. And parts of a graph of ever other sizes leave gaps between
    them: the resident memory of a training on such parts grew by 10 MiB a step. Of arenas other than the
    main one, which glibc gives to threads, the last free piece stays.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc's; elsewhere the rise may be too small.
