"""One model of a plan with one seed: what is trained as a piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch

from evaluate.reproduce.plan import Entry
from evaluate.reproduce.protocols import Embeddings, cell_of, end_to_end, probed
from evaluate.reproduce.scores import Score
from evaluate.training.task import EvaluationTask


@dataclass(frozen=True)
class Training:
    """One model with one seed.

    Attributes:
        name: the plan's, of the model.
        seed: of all that is random in it.
        datasets: where; together, for splits of one graph share an embedding.
    """

    name: str
    seed: int
    datasets: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """Everything that trainings need, ready for them.

    Attributes:
        entries: the plan's name of a model -> how to train it.
        tasks: data set -> its whole graph; at least one, all on one device.
        embeddings: those that were learnt so far.
    """

    entries: Mapping[str, Entry]
    tasks: Mapping[str, EvaluationTask]
    embeddings: Embeddings = field(default_factory=Embeddings)

    @property
    def device(self) -> torch.device:
        """Where models are trained."""
        task = next(iter(self.tasks.values()))
        return task.whole[task.whole.target].y.device

    def cell(self, name: str, dataset: str, seed: int) -> str:
        """What names a training, see `cell_of`."""
        return cell_of(self.tasks[dataset], self.entries[name], seed)

    def train(self, training: Training) -> Iterator[list[Score]]:
        """The scores on each data set, as its training ends."""
        name, seed = training.name, training.seed
        entry = self.entries[name]
        for dataset in training.datasets:
            task = self.tasks[dataset]
            if entry.pretraining is None:
                found = end_to_end(task, entry.model, entry.choice, seed)
            else:
                found = probed(task, entry, seed, self.embeddings)
            cell = self.cell(name, dataset, seed)
            yield [
                Score(cell, dataset, name, seed, metric, value, found.seconds)
                for metric, value in found.values.items()
            ]
