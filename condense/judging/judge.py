"""Which of several condensed graphs small versions of common models learn best from, on validation nodes.

A relay sees meta-path features alone, and cannot tell whether a graph suits models that pass messages, or
that read a node's own features only. So the judge trains one model of each kind: an MLP, a linear model on
neighbours' features, and a graph transformer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import tee
from typing import Any

import torch
from torch import Tensor

from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.data.training_inputs import training_graphs, training_inputs
from condense.judging.parts import parts_of
from models.registry import MODELS, ModelEntry
from models.schema import GraphSchema
from models.seeding import seeded

MOST_VALIDATED = 4096
"""Validation nodes that are scored; more would tell little more, and models take time to classify them."""


@dataclass(frozen=True)
class Contestant:
    """A model that the judge trains.

    Attributes:
        model: its name.
        settings: those that differ from the model's defaults: smaller and quicker to learn.
    """

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)


EPOCHS, LEARNING_RATE = 60, 0.01
"""Steps of Adam."""
MOST_TRAINED = 4096
"""Condensed nodes of a step; of a larger graph each step takes others, so memory does not grow with it."""
CONTESTANTS = (
    Contestant("mlp"),
    Contestant("sgc", {"hops": 1}),
    Contestant("hgt", {"hidden": 32, "layers": 1, "input_dropout": 0.5}),
)
"""They look one edge far, as `condense.judging.parts` takes for granted."""


@dataclass(frozen=True)
class Judge:
    """Scores condensed graphs of one whole graph.

    Attributes:
        validation: the graph in which validation nodes are scored, in scaled units, test labels hidden.
        scaler: between a condensed graph's units and scaled ones.
        schema: of the graphs.
        rows: validation nodes that are scored.
        seed: of initialisation, dropout and draws.
    """

    validation: MultimodalGraph
    scaler: FeatureScaler
    schema: GraphSchema
    rows: Tensor
    seed: int

    @classmethod
    def of(
        cls, whole: MultimodalGraph, validation: MultimodalGraph, generator: torch.Generator
    ) -> Judge:
        """A judge for condensed graphs of `whole`.

        Args:
            whole: features complete, test labels hidden.
            validation: likewise; `whole` itself in the transductive setting.
            generator: picks validation nodes where there are many, and the seed.
        """
        scaler = FeatureScaler.fit(whole)
        scaled = scaler.apply(validation)
        rows = scaled[scaled.target].val_mask.nonzero().flatten()
        order = torch.randperm(len(rows), generator=generator, device=rows.device)
        seed = int(torch.randint(2**31, (), generator=generator, device=rows.device))
        return cls(scaled, scaler, GraphSchema.of(scaled), rows[order[:MOST_VALIDATED]], seed)

    def scores(
        self,
        graph: MultimodalGraph,
        contestants: Sequence[Contestant] = CONTESTANTS,
        epochs: int = EPOCHS,
    ) -> dict[str, float]:
        """Accuracy on validation nodes of each model trained on `graph`, in the data set's units.

        The models take turns, step by step, so that each draw serves all of them.
        """
        with seeded(self.seed):
            every = training_graphs(self.scaler.apply(graph), self.seed)
            draws = tee(parts_of(every, MOST_TRAINED, self.seed), len(contestants))
            pupils = [
                _Pupil.of(one, self.schema, graphs, self.rows.device)
                for one, graphs in zip(contestants, draws, strict=True)
            ]
            for _ in range(epochs):
                for pupil in pupils:
                    pupil.step()
        return {
            one.model: self._accuracy(pupil.model)
            for one, pupil in zip(contestants, pupils, strict=True)
        }

    @torch.no_grad()
    def _accuracy(self, model: Any) -> float:
        model.eval()
        answer = model(model.prepare(self.validation, self.rows)).argmax(dim=1)
        right = answer == self.validation[self.validation.target].y[self.rows]
        return float(right.double().mean())


@dataclass(frozen=True)
class _Pupil:
    """A model in training.

    Attributes:
        model: a `NodeClassifier` module.
        entry: its entry in the registry.
        optimiser: of its parameters.
        batches: inputs, labels and weights of each step.
    """

    model: Any
    entry: ModelEntry
    optimiser: torch.optim.Optimizer
    batches: Iterator[tuple[Any, Tensor, Tensor]]

    @classmethod
    def of(
        cls,
        one: Contestant,
        schema: GraphSchema,
        graphs: Iterator[MultimodalGraph],
        device: torch.device,
    ) -> _Pupil:
        """Untrained."""
        entry = MODELS[one.model]
        model = entry.build(schema, entry.choose_settings(**one.settings)).to(device)
        decay = entry.training.get("weight_decay", 5e-4)
        optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE, weight_decay=decay)
        return cls(model, entry, optimiser, training_inputs(model, graphs))

    def step(self) -> None:
        """Learn from the next graph."""
        inputs, labels, weight = next(self.batches)
        self.model.train()
        loss = self.entry.loss(self.model, inputs, labels, weight)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


def best_of(
    judge: Judge, candidates: Mapping[str, MultimodalGraph]
) -> tuple[str, dict[str, dict[str, float]]]:
    """The name of the graph that is kept, see `simplest_of_best`, and all scores by name.

    Args:
        judge: of the whole graph.
        candidates: by name, the simplest first.
    """
    scores = {name: judge.scores(graph) for name, graph in candidates.items()}
    mean = {name: sum(each.values()) / len(each) for name, each in scores.items()}
    return simplest_of_best(mean, len(judge.rows)), scores


def simplest_of_best(accuracy: Mapping[str, float], count: int) -> str:
    """The first name whose accuracy is at most a standard error below the best.

    On few nodes a lead says little (Breiman et al., Classification and Regression Trees, 1984).

    Args:
        accuracy: by name, the simplest first.
        count: nodes that were scored.
    """
    best = max(accuracy.values())
    enough = best - (best * (1 - best) / max(count, 1)) ** 0.5
    return next(name for name, score in accuracy.items() if score >= enough)
