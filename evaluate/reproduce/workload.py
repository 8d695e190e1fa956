"""The trainings of a plan: each one model with one seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import torch

from evaluate.reproduce.condensing import CondensedGraphs
from evaluate.reproduce.plan import Entry
from evaluate.reproduce.protocols import Embeddings, cell_of, end_to_end, probed
from evaluate.reproduce.scores import Score
from evaluate.training.task import EvaluationTask


@dataclass(frozen=True)
class Training:
    """One model with one seed, on one or more data sets.

    Attributes:
        name: the plan's name of the model.
        seed: seed of all random numbers.
        datasets: data sets to train on; together, since splits of one graph share an embedding.
    """

    name: str
    seed: int
    datasets: tuple[str, ...]


@dataclass(frozen=True)
class PlanWorkload:
    """The models and data sets of a plan, as an `evaluate.executors.Workload` of trainings.

    Attributes:
        entries: the plan's name of a model -> how to train it.
        tasks: data set -> its whole graph; at least one, all on one device.
        embeddings: learnt so far, shared by trainings in one process.
        condensed: graphs to train on, likewise.
    """

    entries: Mapping[str, Entry]
    tasks: Mapping[str, EvaluationTask]
    embeddings: Embeddings = field(default_factory=Embeddings)
    condensed: CondensedGraphs = field(default_factory=CondensedGraphs)

    @property
    def device(self) -> torch.device:
        """Where models are trained."""
        task = next(iter(self.tasks.values()))
        return task.whole[task.whole.target].y.device

    def cell(self, name: str, dataset: str, seed: int) -> str:
        """The name of a training, see `cell_of`."""
        return cell_of(self.tasks[dataset], self.entries[name], seed)

    def pack(self, device: torch.device) -> Any:
        """The raw graphs, from which a worker prepares the workload as this process did."""
        graphs = {name: (task.raw, task.scaling) for name, task in self.tasks.items()}
        return self.entries, graphs, device, self.condensed.folder

    @classmethod
    def unpack(cls, packed: Any) -> Self:
        """See `evaluate.executors.Workload`."""
        entries, graphs, device, folder = packed
        tasks = {
            name: EvaluationTask.of(raw, device, scaling=scaling)
            for name, (raw, scaling) in graphs.items()
        }
        return cls(entries, tasks, condensed=CondensedGraphs(folder))

    def run(self, training: Training) -> Iterator[list[Score]]:
        """Yield the scores on each data set as its training ends."""
        name, seed = training.name, training.seed
        entry = self.entries[name]
        for dataset in training.datasets:
            task = self.tasks[dataset]
            if entry.pretraining is None:
                scored = end_to_end(task, entry, seed, self.condensed)
            else:
                scored = probed(task, entry, seed, self.embeddings)
            cell = self.cell(name, dataset, seed)
            yield [
                Score(cell, dataset, name, seed, metric, value, scored.seconds)
                for metric, value in scored.values.items()
            ]
