"""Training one architecture on one graph: the condensed one, the whole one, or a baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from condense.data.graph import MultimodalGraph
from evaluate.search.architecture import Architecture
from evaluate.training.task import EvaluationTask
from evaluate.training.train import Check, Trained, train, unwatched
from models.registry import MODELS
from models.schema import GraphSchema
from models.seeding import seeded


@dataclass(frozen=True)
class TrialData:
    """A graph to train on and one to validate on; neither has test labels.

    Attributes:
        graph: the graph to train on, in the models' units.
        validation: the graph whose validation nodes are scored, the same for all trials of a task.
        schema: schema of both graphs.
    """

    graph: MultimodalGraph
    validation: MultimodalGraph
    schema: GraphSchema

    @classmethod
    def of(cls, task: EvaluationTask, graph: MultimodalGraph) -> TrialData:
        """Pair `graph`, in the models' units, with the validation graph of `task`."""
        return cls(graph, task.validation, task.schema)


def run_trial(
    data: TrialData,
    architecture: Architecture,
    epochs: int,
    check_every: int,
    seed: int,
    on_check: Callable[[Check], None] = unwatched,
) -> Trained:
    """Build and train an architecture; `seed` determines all random numbers.

    Its score, `val_micro_f1`, is the best micro-F1 on validation nodes among the validated epochs.

    Args:
        data: the graphs to train and validate on.
        architecture: what to train.
        epochs: full-batch steps.
        check_every: epochs between validations; the last epoch is validated too.
        seed: seed of initialisation and dropout.
        on_check: called after every validation; an exception that it raises ends the training.
    """
    entry, choice = MODELS[architecture.model], architecture.candidate(epochs, check_every)
    with seeded(seed):
        device = data.graph[data.graph.target].y.device
        model = entry.build(data.schema, choice.model).to(device)
        return train(
            model,
            data.graph,
            data.validation,
            choice.training,
            entry.loss,
            on_check,
            seed,
            entry.uses_edges,
        )
