"""The items of a workload as Ray tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ray
import torch
from ray.exceptions import RayError, RayTaskError
from ray.util.serialization import deregister_serializer, register_serializer
from threadpoolctl import threadpool_limits
from torch import Tensor

from evaluate.executors import Item, LostProcessError, Result, Workload


@dataclass(frozen=True)
class OnRay:
    """Runs items as tasks of the Ray that is connected (see `evaluate.distributed.connect`).

    A worker prepares the workload when it is first needed, and keeps it. Ray never repeats a task. A GPU is
    divided evenly among the jobs.

    Attributes:
        jobs: how many items run at a time, at most.
        threads: of each item; as many CPUs are reserved for it.
    """

    jobs: int
    threads: int = 1

    def run(
        self, workload: Workload[Item, Result], queue: deque[Item]
    ) -> Generator[tuple[Item, Result | Exception], None, None]:
        """See `evaluate.executors.Executor`; the results of an item arrive together, as it ends."""
        device = torch.device(workload.device.type)  # A GPU is the worker's first.
        shared = share((type(workload), workload.pack(device)))
        task = ray.remote(_task).options(
            num_cpus=self.threads, num_gpus=_gpus(device, self.jobs), max_retries=0
        )
        running: dict[Any, Item] = {}
        try:
            while queue or running:
                while queue and len(running) < self.jobs:
                    item = queue.popleft()
                    # In a list a reference stays one, and is not fetched for each task.
                    running[task.remote([shared], item, self.threads)] = item
                (ended, *_), _ = ray.wait(list(running), num_returns=1)
                item = running.pop(ended)
                for result in _results(ended):
                    yield item, result
        finally:
            for left in running:  # After Ctrl-C: what has begun is not waited for.
                ray.cancel(left, force=True)


def share(value: Any) -> Any:
    """A reference to `value` in the object store, of which every node gets one copy.

    Tensors go as NumPy arrays, which workers read in place and cannot write to; Ray would copy tensors for
    each of them.
    """
    register_serializer(Tensor, serializer=_array, deserializer=torch.from_numpy)
    try:
        return ray.put(value)
    finally:
        deregister_serializer(Tensor)


def _task(shared: list[Any], item: Any, threads: int) -> list[Any]:
    """All results of an item, in a worker process."""
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        return list(_workload(shared[0]).run(item))


@lru_cache(maxsize=1)
def _workload(shared: Any) -> Workload[Any, Any]:
    """The workload as it is in this worker."""
    kind, packed = ray.get(shared)
    return kind.unpack(packed)


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()


def _gpus(device: torch.device, jobs: int) -> float:
    """The share of a GPU that each task reserves."""
    if device.type != "cuda":
        return 0
    return min(1.0, ray.cluster_resources().get("GPU", 1) / jobs)


def _results(ended: Any) -> list[Any]:
    """The results of a task that has ended, or its error."""
    try:
        return ray.get(ended)
    except RayTaskError as error:  # The task's own error, wrapped.
        return [error.cause if isinstance(error.cause, Exception) else error]
    except RayError as error:  # Its process was killed, or its machine is gone.
        lost = LostProcessError(type(error).__name__, str(error))
        lost.__cause__ = error
        return [lost]
    except Exception as error:
        return [error]
