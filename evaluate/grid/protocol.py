"""A comparison: graphs to train on, and the protocol that is the same for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from evaluate.training.model_spec import parse_model
from evaluate.training.train import TrainSettings
from models.registry import MODELS


@dataclass(frozen=True)
class TrainingGraph:
    """A graph to train on.

    Attributes:
        label: its name in tables: "whole" or a method.
        graph: the graph in the data set's units; for "whole" see `EvaluationTask.trained_whole`.
        condensed: the condensed graph with its provenance; None for the whole graph.
    """

    label: str
    graph: MultimodalGraph
    condensed: CondensedGraph | None = None


@dataclass(frozen=True)
class Protocol:
    """How models are trained, the same for all graphs.

    Attributes:
        models: names in `MODELS`, or specifications that `parse_model` reads.
        seeds: number of trainings of each model on each graph, with seeds 0, 1, …
        per_graph: trainings on each condensed graph, at most `seeds`. The seeds then continue from one
            graph of a method to the next, so that a line of `seeds` trainings varies both seeds
            together. By default all graphs get all seeds.
        tune: number of settings tried for each model and method (the whole graph counts as a method);
            validation nodes choose among them; 1 takes the model's defaults.
        training: epochs, check interval, and the default learning rate.
    """

    models: Sequence[str]
    seeds: int = 5
    per_graph: int | None = None
    tune: int = 1
    training: TrainSettings = dataclasses.field(default_factory=TrainSettings)

    def check(self) -> None:
        """Check all values before long work.

        Raises:
            UnknownChoiceError: an unknown model.
            UserError: no model, a wrong setting of a model, a number below 1, or more trainings per graph
                than seeds.
        """
        if not self.models:
            raise UserError(
                f"models (got nothing) needs at least one; choose out of {', '.join(MODELS)}"
            )
        for name in self.models:
            parse_model(name)
        numbers = {
            "seeds": self.seeds,
            "per_graph": self.seeds if self.per_graph is None else self.per_graph,
            "tune": self.tune,
            "epochs": self.training.epochs,
            "check_every": self.training.check_every,
            "patience": 1 if self.training.patience is None else self.training.patience,
        }
        for name, value in numbers.items():
            if value < 1:
                raise UserError(
                    f"{name} (got {value}) must be at least 1; leave it out for the default"
                )
        if self.per_graph is not None and self.per_graph > self.seeds:
            # A seed that occurs twice on one graph would count one training as two.
            raise UserError(
                f"per_graph (got {self.per_graph}) must be at most seeds ({self.seeds}); "
                "raise --seeds, or leave --per-graph out"
            )
