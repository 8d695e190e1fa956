"""The cells of a grid as Ray tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ray
import torch
from ray.exceptions import RayTaskError
from ray.util.serialization import deregister_serializer, register_serializer
from threadpoolctl import threadpool_limits
from torch import Tensor

from evaluate.arena import Arena
from evaluate.drivers import Results
from evaluate.grid import Cell
from evaluate.outcome import Outcome, Setup, run_cell


@dataclass(frozen=True)
class OnRay:
    """Runs cells as tasks of the Ray that is connected (see `evaluate.distributed.connect`).

    The graphs are put into the object store once, from which every node gets one copy that its workers read
    in place. A worker prepares them when it is first needed, and keeps them.

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
        graphs = _put(setup)
        # A task is never repeated by Ray: an error is reported, and the next run tries it again.
        task = ray.remote(_task).options(
            num_cpus=self.threads, num_gpus=_gpus(setup, self.jobs), max_retries=0
        )
        running: dict[Any, Cell] = {}
        try:
            while queue or running:
                while queue and len(running) < self.jobs:
                    cell = queue.popleft()
                    # In a list a reference stays one, and is not fetched for each task.
                    running[task.remote([graphs], cell, self.threads, self.train)] = cell
                (ended, *_), _ = ray.wait(list(running), num_returns=1)
                cell = running.pop(ended)
                yield cell, _result(ended)
        finally:
            for one in running:  # After Ctrl-C: what has begun is not waited for.
                ray.cancel(one, force=True)


def _task(
    graphs: list[Any], cell: Cell, threads: int, train: Callable[[Setup, Cell], Outcome]
) -> Outcome:
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        return train(_setup(graphs[0]), cell)


@lru_cache(maxsize=1)
def _setup(graphs: Any) -> Setup:
    """The setup of this worker, prepared as the one that was put."""
    raw, setting, scaling, device, contestants = ray.get(graphs)
    return Setup.of(Arena.of(raw, device, setting, scaling), contestants)


def _put(setup: Setup) -> Any:
    """A reference to all from which `_setup` makes the setup again; a GPU is the worker's first."""
    arena, device = setup.arena, torch.device(setup.device.type)
    # As NumPy arrays, which workers map out of shared memory; Ray would copy tensors for each of them.
    register_serializer(Tensor, serializer=_array, deserializer=torch.from_numpy)
    try:
        return ray.put((arena.raw, arena.setting, arena.scaling, device, setup.contestants))
    finally:
        deregister_serializer(Tensor)


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()


def _gpus(setup: Setup, jobs: int) -> float:
    """The share of a GPU that each task reserves."""
    if setup.device.type != "cuda":
        return 0
    return min(1.0, ray.cluster_resources().get("GPU", 1) / jobs)


def _result(ended: Any) -> Outcome | Exception:
    try:
        return ray.get(ended)
    except RayTaskError as error:  # The task's own error, wrapped.
        return error.cause if isinstance(error.cause, Exception) else error
    except Exception as error:  # Its process was killed, or its machine is gone.
        return error
