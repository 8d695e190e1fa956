"""How a plan's trainings are run: here one after the other, or as `evaluate.distributed.reproduce` does."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from evaluate.reproduce.scores import Score
from evaluate.reproduce.training import Stage, Training

Results = Generator[list[Score], None, None]


class Executor(Protocol):
    """Runs trainings."""

    def run(self, stage: Stage, trainings: Sequence[Training]) -> Results:
        """The scores of every training on each of its data sets, as it ends."""
        ...


@dataclass(frozen=True)
class InProcess:
    """Runs trainings in this process.

    Attributes:
        threads: of a training; None leaves PyTorch's number as it is.
    """

    threads: int | None = None

    def run(self, stage: Stage, trainings: Sequence[Training]) -> Results:
        """See `Executor`."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads or before)
        try:
            for training in trainings:
                yield from stage.train(training)
        finally:
            torch.set_num_threads(before)
