"""Training one architecture on one side: the condensed graph, the whole one, or a rival."""

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
class Side:
    """A graph to train on and where what is trained is scored; no test label is in either.

    Attributes:
        graph: in the models' units.
        validation: the graph whose validation nodes are scored, the same for all sides of an task.
        schema: of both.
    """

    graph: MultimodalGraph
    validation: MultimodalGraph
    schema: GraphSchema

    @classmethod
    def of(cls, task: EvaluationTask, graph: MultimodalGraph) -> Side:
        """A side of `task`; `graph` is in the models' units."""
        return cls(graph, task.validation, task.schema)


def run_trial(
    side: Side,
    architecture: Architecture,
    epochs: int,
    check_every: int,
    seed: int,
    on_check: Callable[[Check], None] = unwatched,
) -> Trained:
    """Build and train an architecture; everything random in it follows from `seed`.

    Its score, `val_micro_f1`, is the best micro-F1 on validation nodes among the validated epochs.

    Args:
        side: where it is trained and validated.
        architecture: what is trained.
        epochs: full-batch steps.
        check_every: epochs between validations; the last epoch is validated too.
        seed: of initialisation and dropout.
        on_check: called after every validation; what it raises ends the training.
    """
    entry, choice = MODELS[architecture.model], architecture.candidate(epochs, check_every)
    with seeded(seed):
        device = side.graph[side.graph.target].y.device
        model = entry.build(side.schema, choice.model).to(device)
        return train(model, side.graph, side.validation, choice.training, entry.loss, on_check)
