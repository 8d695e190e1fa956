"""Runs and tests the trainings of a grid."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch

from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from evaluate.grid.plan import Cell
from evaluate.grid.protocol import TrainingGraph
from evaluate.results.rows import Row
from evaluate.training.metrics import METRICS, measure
from evaluate.training.model_spec import parse_model
from evaluate.training.task import EvaluationTask
from evaluate.training.tasks import Task
from evaluate.training.tune import fit


@dataclass(frozen=True)
class GridWorkload:
    """The graphs that cells are trained on, as an `evaluate.executors.Workload` of cells.

    Attributes:
        task: the whole graph.
        training_graphs: graphs to train on, in the data set's units.
        graphs: the same graphs in the models' units.
    """

    task: Task
    training_graphs: Sequence[TrainingGraph]
    graphs: Sequence[MultimodalGraph]

    @property
    def device(self) -> torch.device:
        """Where models are trained."""
        return self.task.device

    @classmethod
    def of(cls, task: Task, training_graphs: Sequence[TrainingGraph]) -> Self:
        """Check that the graphs can be compared on the task, and convert them to its units.

        Raises:
            UserError: a graph does not fit the whole graph, or was condensed in another setting.
        """
        for training_graph in training_graphs:
            condensed = training_graph.condensed
            if condensed is not None and condensed.provenance.setting != task.setting:
                raise UserError(
                    f"setting (got {condensed.provenance.setting!r} for {training_graph.label}) "
                    f"must be that of the comparison, {task.setting!r}; "
                    f"condense it again with --setting {task.setting}"
                )
        graphs = [
            task.training if c.condensed is None else task.admit(c.graph) for c in training_graphs
        ]
        return cls(task, training_graphs, graphs)

    def run(self, cell: Cell) -> Iterator[TrainingResult]:
        """Yield the result of a cell."""
        yield run_cell(self, cell)

    def pack(self, device: torch.device) -> Any:
        """The raw graphs, from which a worker builds the workload as this process did."""
        task = self.task
        assert isinstance(task, EvaluationTask)  # One on disk is trained on in this process only.
        return task.raw, task.setting, task.scaling, device, self.training_graphs

    @classmethod
    def unpack(cls, packed: Any) -> Self:
        """See `evaluate.executors.Workload`."""
        raw, setting, scaling, device, training_graphs = packed
        return cls.of(EvaluationTask.of(raw, device, setting, scaling), training_graphs)


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of one training.

    Attributes:
        val_micro_f1, epoch: validation score and epoch of the state that was kept.
        train_seconds: optimisation alone.
        validate_seconds: validation while training.
        seconds: all together, including building and testing the model.
        peak_mib: memory in MiB that optimisation took, see `evaluate.training.memory.TrainingPeak`.
        threads: threads of the training.
        scores: each of `METRICS` on test nodes, None where it is undefined; None if the model was not tested.
        rising: see `Trained`; None also in rows of older files.
    """

    val_micro_f1: float
    epoch: int
    train_seconds: float
    validate_seconds: float
    seconds: float
    peak_mib: float | None
    threads: int
    scores: Mapping[str, float | None] | None = None
    rising: bool | None = None

    @classmethod
    def of_row(cls, row: Row) -> TrainingResult:
        """The result behind a row; rows do not time building and testing the model, so `seconds` lacks it."""
        return cls(
            row.val_micro_f1,
            row.epoch,
            row.train_seconds,
            row.validate_seconds,
            row.train_seconds + row.validate_seconds,
            row.peak_mib,
            row.threads,
            {name: getattr(row, name) for name in METRICS},
            row.rising,
        )


def run_cell(workload: GridWorkload, cell: Cell) -> TrainingResult:
    """Train a cell's model and, if the cell `tests`, test it; its seed determines all random numbers.

    Raises:
        DivergedError: a loss or a logit is infinite or NaN; it names the epoch.
    """
    task, started = workload.task, time.perf_counter()
    graph = workload.graphs[cell.training_graph]
    trained = fit(parse_model(cell.model)[1], cell.choice, task, graph, cell.seed)
    scores = None
    if cell.tests:
        entry = parse_model(cell.model)[1]
        logits = task.test_logits(entry, trained.model, cell.choice.model, trained.epoch)
        # In float64: float32 would round high probabilities to 1, and AUC would lose their order.
        values = measure(logits.double(), task.test_labels())
        scores = {name: None if math.isnan(value) else value for name, value in values.items()}
    return TrainingResult(
        val_micro_f1=trained.val_micro_f1,
        epoch=trained.epoch,
        train_seconds=trained.train_seconds,
        validate_seconds=trained.validate_seconds,
        seconds=time.perf_counter() - started,
        peak_mib=None if trained.peak_bytes is None else trained.peak_bytes / 2**20,
        threads=torch.get_num_threads(),
        scores=scores,
        rising=trained.rising,
    )
