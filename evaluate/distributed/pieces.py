"""Pieces of one computation as Ray tasks, see `condense.out_of_core.tasks`."""

from __future__ import annotations

import uuid
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
from evaluate.distributed.machines import answers, reserved

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
        memory: of each piece, in bytes; a machine does as many at a time as it has room for, at least one.
    """

    cpus: int
    threads: int = 1
    memory: int = 0

    @property
    def at_once(self) -> int:
        """How many pieces there are processors for."""
        return max(1, self.cpus // self.threads)

    def run(
        self, piece: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """See `condense.out_of_core.tasks.Tasks`.

        Raises:
            UserError: the cluster gave a piece up, as one that was lost too often.
        """
        shared = share((piece, list(arguments)))
        task = ray.remote(_do).options(
            num_cpus=self.threads, memory=reserved(self.memory), max_retries=RETRIES
        )
        waiting, running = list(range(len(arguments)))[::-1], {}
        try:
            while waiting or running:
                while waiting and len(running) < AHEAD * self.at_once:
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
            UserError: one does not, or is lost before it answers.
        """
        word = uuid.uuid4().hex
        path = folder.resolve() / f"seen-{word}.partial"
        path.write_text(word)
        try:
            for machine, read in answers(_read, str(path)):
                if read != word:
                    raise UserError(
                        f"work (got {folder}) is not there on {machine}; give a folder that all machines of "
                        "the cluster share"
                    )
        finally:
            path.unlink()


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


def _read(path: str) -> str:
    """The text of a file; empty where it cannot be read."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _result(ended: Any) -> Any:
    try:
        return ray.get(ended)
    except RayTaskError as error:  # The piece's own error, wrapped.
        raise error.cause if isinstance(error.cause, Exception) else error from error
    except RayError as error:
        raise UserError(
            f"the cluster gave a piece of work up ({type(error).__name__}: {error}); see whether machines "
            "run out of memory, and give the same command with --resume"
        ) from error
