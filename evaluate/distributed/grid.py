"""The cells of a grid as Ray tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import ray
import torch

from evaluate.arena import Arena
from evaluate.distributed.tasks import share, spread
from evaluate.drivers import Results
from evaluate.grid import Cell
from evaluate.outcome import Outcome, Setup, run_cell


@dataclass(frozen=True)
class OnRay:
    """Runs cells as tasks of the Ray that is connected (see `evaluate.distributed.connect`).

    A worker prepares the graphs when it is first needed, and keeps them. An error is reported, and the next
    run tries that cell again.

    Attributes:
        jobs: how many cells run at a time, at most.
        threads: of each training; as many CPUs are reserved for it.
        train: what runs a cell.
    """

    jobs: int
    threads: int = 1
    train: Callable[[Setup, Cell], Outcome] = run_cell

    def run(self, setup: Setup, queue: deque[Cell]) -> Results:
        """See `evaluate.drivers.Driver`."""
        arena = setup.arena
        # A GPU is the worker's first.
        device = torch.device(setup.device.type)
        shared = share((arena.raw, arena.setting, arena.scaling, device, setup.contestants))
        work = partial(_run, train=self.train)
        yield from spread(work, shared, queue, self.jobs, self.threads, device)


def _run(shared: Any, cell: Cell, train: Callable[[Setup, Cell], Outcome]) -> Outcome:
    return train(_setup(shared), cell)


@lru_cache(maxsize=1)
def _setup(shared: Any) -> Setup:
    """The setup of this worker, prepared as the one that was shared."""
    raw, setting, scaling, device, contestants = ray.get(shared)
    return Setup.of(Arena.of(raw, device, setting, scaling), contestants)
