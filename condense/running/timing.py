"""Seconds and peak memory of the stages of a run."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")

Stage = dict[str, Any]
OnStage = Callable[[str], None]


@dataclass
class StageClock:
    """Collects one record a stage, in the order in which stages end.

    Attributes:
        stages: {"name", "seconds", "peak_bytes"} each. peak_bytes is the process's greatest resident
            memory during the stage (on systems without /proc: since the process began), or on a GPU
            the greatest memory allocated there.
        device: where tensors live.
        carried: the stages of a run's earlier parts, see `carry`.
        on_stage: called with each stage's name as it begins.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    stages: list[Stage] = field(default_factory=list)
    carried: list[Stage] = field(default_factory=list)
    on_stage: OnStage = lambda name: None
    _running: tuple[str, float] | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what runs inside; it is recorded also when it ends by an exception."""
        self.on_stage(name)
        reset_peak(self.device)
        synchronise(self.device)
        started = time.perf_counter()
        self._running = name, started
        try:
            yield
        finally:
            self._running = None
            self.stages.append(self._record(name, started))

    def carry(self, stages: list[Stage]) -> None:
        """Count what earlier parts of a broken run have spent, as `spent` had it."""
        self.carried = stages

    def spent(self) -> list[Stage]:
        """One record a stage with what all parts of the run have spent until now.

        Seconds add up, of peaks the greatest counts; the stage that is running is included.
        """
        running = [self._record(*self._running)] if self._running else []
        total: dict[Any, Stage] = {}
        for stage in [*self.carried, *self.stages, *running]:
            before = total.get(stage["name"], {**stage, "seconds": 0.0})
            total[stage["name"]] = {
                "name": stage["name"],
                "seconds": before["seconds"] + stage["seconds"],
                "peak_bytes": max(before["peak_bytes"], stage["peak_bytes"]),
            }
        return list(total.values())

    def _record(self, name: str, started: float) -> Stage:
        synchronise(self.device)
        seconds = time.perf_counter() - started
        return {"name": name, "seconds": seconds, "peak_bytes": peak_bytes(self.device)}


def synchronise(device: torch.device) -> None:
    """Wait for the device: a GPU returns from a call before it has done the work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_bytes(device: torch.device) -> int:
    """The greatest memory in use since `reset_peak` (see `StageClock`)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    found = _status("VmHWM")
    if found is not None:
        return found
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident_bytes(device: torch.device) -> int | None:
    """Memory in use now; None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return _status("VmRSS")


def reset_peak(device: torch.device) -> None:
    """Let `peak_bytes` count from now on, where the system can."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with contextlib.suppress(OSError):
        _RESET.write_text("5")  # Linux: restart the high-water mark of resident memory.


def _status(name: str) -> int | None:
    """A number of bytes out of what Linux tells about this process."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return None
