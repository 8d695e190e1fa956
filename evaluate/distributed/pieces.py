"""Pieces of one computation as Ray tasks, see `condense.out_of_core.tasks`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import ray
import torch
from ray.exceptions import RayError, RayTaskError
from threadpoolctl import threadpool_limits

from condense.errors import UserError
from evaluate.distributed.executor import share

RETRIES = 20
"""How often a piece is begun again whose process or machine is lost."""
AHEAD = 2
"""Pieces that are handed out for each one that can run, so that no process waits."""


@dataclass(frozen=True)
class PiecesOnRay:
    """Does pieces as tasks of the Ray that is connected (see `evaluate.distributed.connect`).

    Ray begins a piece again whose process was killed or whose machine is gone.

    Attributes:
        cpus: of the cluster.
        threads: of each piece; as many CPUs are reserved for it.
    """

    cpus: int
    threads: int = 1

    def run(
        self, piece: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """See `condense.out_of_core.tasks.Tasks`.

        Raises:
            UserError: a piece was lost too often.
        """
        shared = share((piece, list(arguments)))
        task = ray.remote(_do).options(num_cpus=self.threads, max_retries=RETRIES)
        waiting, running = list(range(len(arguments)))[::-1], {}
        try:
            while waiting or running:
                while waiting and len(running) < AHEAD * max(1, self.cpus // self.threads):
                    number = waiting.pop()
                    # In a list a reference stays one, and is not fetched for each task.
                    running[task.remote([shared], number, self.threads)] = number
                (ended, *_), _ = ray.wait(list(running), num_returns=1)
                yield running.pop(ended), _result(ended)
        finally:
            for left in running:
                ray.cancel(left, force=True)

    def check_folder(self, folder: Path) -> None:
        """Raise where a machine of the cluster does not see the same folder.

        Args:
            folder: of a run, with a file in it.

        Raises:
            UserError: one does not.
        """
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        name = next(path.name for path in folder.iterdir())
        for node in ray.nodes():
            if node["Alive"] and node["Resources"].get("CPU"):
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=True)
                task = ray.remote(_exists).options(num_cpus=0, scheduling_strategy=there)
                if not ray.get(task.remote(str(folder.resolve() / name))):
                    raise UserError(
                        f"work (got {folder}) is not there on {node['NodeManagerAddress']}; give a folder "
                        "that all machines of the cluster share"
                    )


def _do(shared: list[Any], number: int, threads: int) -> Any:
    """One piece, in a worker process."""
    torch.set_num_threads(threads)
    piece, arguments = _given(shared[0])
    with threadpool_limits(threads), torch.no_grad():
        return piece(*arguments[number])


@lru_cache(maxsize=1)
def _given(shared: Any) -> tuple[Callable[..., Any], list[tuple[Any, ...]]]:
    """The piece and the arguments, as they are in this worker."""
    return ray.get(shared)


def _exists(path: str) -> bool:
    return Path(path).exists()


def _result(ended: Any) -> Any:
    try:
        return ray.get(ended)
    except RayTaskError as error:  # The piece's own error, wrapped.
        raise error.cause if isinstance(error.cause, Exception) else error from None
    except RayError as error:
        raise UserError(
            f"a piece of work was lost {RETRIES} times with its process or machine ({error}); see whether "
            "machines run out of memory, and give the same command with --resume"
        ) from error
