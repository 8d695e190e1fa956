"""The trainings of a plan as Ray tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ray
import torch
from ray.exceptions import RayError, RayTaskError

from condense.errors import UserError
from evaluate.distributed.tasks import share, spread
from evaluate.reproduce.drivers import Results
from evaluate.reproduce.scores import Score
from evaluate.reproduce.training import Stage, Training
from evaluate.training.task import EvaluationTask


@dataclass(frozen=True)
class OnRay:
    """Runs trainings as tasks of the Ray that is connected (see `evaluate.distributed.connect`).

    Attributes:
        jobs: how many run at a time, at most.
        threads: of each; as many CPUs are reserved for it.
    """

    jobs: int
    threads: int = 1

    def run(self, stage: Stage, trainings: Sequence[Training]) -> Results:
        """See `evaluate.reproduce.drivers.Executor`."""
        # A GPU is the worker's first.
        device = torch.device(stage.device.type)
        graphs = {name: (task.raw, task.scaling) for name, task in stage.tasks.items()}
        shared = share((stage.entries, graphs, device))
        work = spread(_train, shared, deque(trainings), self.jobs, self.threads, device)
        with closing(work) as results:
            for training, found in results:
                if isinstance(found, Exception):
                    raise _told(training, found)
                yield from found


def _told(training: Training, error: Exception) -> Exception:
    """What is raised for it: a task's own error, or that its process was lost."""
    if not isinstance(error, RayError) or isinstance(error, RayTaskError):
        return error
    return UserError(
        f"{training.name}, seed {training.seed}: its process was lost ({type(error).__name__}), perhaps for "
        "want of memory; the same command goes on, fewer --jobs take less"
    )


def _train(shared: Any, training: Training) -> list[list[Score]]:
    return list(_stage(shared).train(training))


@lru_cache(maxsize=1)
def _stage(shared: Any) -> Stage:
    """The stage of this worker, prepared as the one that was shared."""
    entries, graphs, device = ray.get(shared)
    tasks = {
        name: EvaluationTask.of(raw, device, scaling=scaling)
        for name, (raw, scaling) in graphs.items()
    }
    return Stage(entries, tasks)
