"""The cells of a grid as Ray tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import ray
import torch

from evaluate.distributed.tasks import share, spread
from evaluate.grid.executors import Results
from evaluate.grid.plan import Cell
from evaluate.grid.training_result import Setup, TrainingResult, run_cell
from evaluate.training.task import EvaluationTask


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
    train: Callable[[Setup, Cell], TrainingResult] = run_cell

    def run(self, setup: Setup, queue: deque[Cell]) -> Results:
        """See `evaluate.grid.executors.Executor`."""
        task = setup.task
        # A GPU is the worker's first.
        device = torch.device(setup.device.type)
        shared = share((task.raw, task.setting, task.scaling, device, setup.training_graphs))
        work = partial(_run, train=self.train)
        yield from spread(work, shared, queue, self.jobs, self.threads, device)


def _run(shared: Any, cell: Cell, train: Callable[[Setup, Cell], TrainingResult]) -> TrainingResult:
    return train(_setup(shared), cell)


@lru_cache(maxsize=1)
def _setup(shared: Any) -> Setup:
    """The setup of this worker, prepared as the one that was shared."""
    raw, setting, scaling, device, training_graphs = ray.get(shared)
    return Setup.of(EvaluationTask.of(raw, device, setting, scaling), training_graphs)
