"""How the cells of a grid are run: here one after the other, or as `evaluate.distributed.grid` does."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import torch

from evaluate.grid.plan import Cell
from evaluate.grid.training_result import Setup, TrainingResult, run_cell

Results = Generator[tuple[Cell, TrainingResult | Exception], None, None]


class Executor(Protocol):
    """Runs cells."""

    def run(self, setup: Setup, queue: deque[Cell]) -> Results:
        """Each cell of `queue` with what came out of it, as it ends, until none is left.

        Cells are taken from the left; whoever iterates may add others in between.
        """
        ...


@dataclass(frozen=True)
class InProcess:
    """Runs cells in this process.

    Attributes:
        threads: of a training; None leaves PyTorch's number as it is.
    """

    threads: int | None = None

    def run(self, setup: Setup, queue: deque[Cell]) -> Results:
        """See `Executor`."""
        before = torch.get_num_threads()
        try:
            while queue:
                cell = queue.popleft()
                torch.set_num_threads(self.threads or before)
                try:
                    result = run_cell(setup, cell)
                except Exception as error:  # Whatever it is, other cells do not suffer from it.
                    result = error
                yield cell, result
        finally:
            torch.set_num_threads(before)
