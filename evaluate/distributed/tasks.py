"""Pieces of work as Ray tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import ray
import torch
from ray.exceptions import RayTaskError
from ray.util.serialization import deregister_serializer, register_serializer
from threadpoolctl import threadpool_limits
from torch import Tensor

Item = TypeVar("Item")
Found = TypeVar("Found")


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


def spread(
    work: Callable[[Any, Item], Found],
    shared: Any,
    queue: deque[Item],
    jobs: int,
    threads: int,
    device: torch.device,
) -> Generator[tuple[Item, Found | Exception], None, None]:
    """Each item of `queue` with what came out of it, as it ends, until none is left.

    Items are taken from the left; whoever iterates may add others in between. Ray never repeats a task.

    Args:
        work: (shared, item) -> result, in a worker process; it can be pickled.
        shared: from `share`; `work` gets it as the reference that it is.
        queue: see above.
        jobs: how many run at a time, at most.
        threads: of each; as many CPUs are reserved for it.
        device: where it computes; a GPU is divided evenly among `jobs`.
    """
    task = ray.remote(_task).options(num_cpus=threads, num_gpus=_gpus(device, jobs), max_retries=0)
    running: dict[Any, Item] = {}
    try:
        while queue or running:
            while queue and len(running) < jobs:
                item = queue.popleft()
                # In a list a reference stays one, and is not fetched for each task.
                running[task.remote([shared], item, threads, work)] = item
            (ended, *_), _ = ray.wait(list(running), num_returns=1)
            item = running.pop(ended)
            yield item, _result(ended)
    finally:
        for one in running:  # After Ctrl-C: what has begun is not waited for.
            ray.cancel(one, force=True)


def _task(shared: list[Any], item: Item, threads: int, work: Callable[[Any, Item], Found]) -> Found:
    torch.set_num_threads(threads)
    with threadpool_limits(threads):
        return work(shared[0], item)


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()


def _gpus(device: torch.device, jobs: int) -> float:
    """The share of a GPU that each task reserves."""
    if device.type != "cuda":
        return 0
    return min(1.0, ray.cluster_resources().get("GPU", 1) / jobs)


def _result(ended: Any) -> Any:
    try:
        return ray.get(ended)
    except RayTaskError as error:  # The task's own error, wrapped.
        return error.cause if isinstance(error.cause, Exception) else error
    except Exception as error:  # Its process was killed, or its machine is gone.
        return error
