"""Measures seconds and peak memory of a run's stages."""

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
    """Collects one record per stage, in the order in which stages end.

    Attributes:
        device: the device of the tensors.
        stages: records {"name", "seconds", "peak_bytes"}. peak_bytes is the process's peak resident memory
            during the stage (on systems without /proc: since the process began), or on a GPU the peak
            memory allocated there.
        carried: the records of a run's earlier parts, see `carry`.
        on_stage: called with each stage's name as it begins.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    stages: list[Stage] = field(default_factory=list)
    carried: list[Stage] = field(default_factory=list)
    on_stage: OnStage = lambda name: None
    _running: tuple[str, float] | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block as stage `name`; a block that raises is recorded too."""
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
        """Add the records of an interrupted run's earlier parts, as `spent` returned them."""
        self.carried = stages

    def spent(self) -> list[Stage]:
        """One record per stage over all parts of the run so far, including the stage that is running.

        Seconds are summed; of peaks the largest counts.
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
    """Wait for the device, since a GPU call returns before its work is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_bytes(device: torch.device) -> int:
    """Peak memory in use since `reset_peak` (see `StageClock`)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    high_water = _status("VmHWM")
    if high_water is not None:
        return high_water
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident_bytes(device: torch.device) -> int | None:
    """Memory in use now; None if the system does not report it."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return _status("VmRSS")


def reset_peak(device: torch.device) -> None:
    """Restart the count of `peak_bytes`, where the system supports it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with contextlib.suppress(OSError):
        _RESET.write_text("5")  # Linux: restart the high-water mark of resident memory.


def _status(name: str) -> int | None:
    """A field of /proc/self/status, in bytes; None if there is none."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return None
