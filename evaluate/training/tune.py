"""Choosing a model's settings on validation nodes, with one budget for every graph."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from condense.data.graph import MultimodalGraph
from evaluate.training.tasks import Task
from evaluate.training.train import Trained, TrainSettings
from models.registry import ModelEntry
from models.seeding import seeded

# Searched together with each model's own space.
TRAIN_SPACE = {"lr": (0.001, 0.003, 0.01), "weight_decay": (5e-4, 5e-3, 5e-2)}

LITTLE_DROPOUT = {"input_dropout": 0.1, "dropout": 0.2}
"""Often better than the defaults where labels are many, and where a graph is drawn anew in each epoch."""


@dataclass(frozen=True)
class Candidate:
    """One choice of settings.

    Attributes:
        model: an instance of the model's settings class.
        training: settings of the training.
    """

    model: Any
    training: TrainSettings


def candidates(
    entry: ModelEntry, training: TrainSettings, count: int, seed: int
) -> list[Candidate]:
    """The defaults, the same little regularised, and distinct random draws; one list for every graph.

    Args:
        entry: the model.
        training: epochs, check interval and patience of all candidates; also learning rate and weight decay
            of the first one, unless the model has its own.
        count: number of candidates, at least 1; fewer are returned if the space is smaller. The second one
            has little dropout, and no more weight decay than `training`; models that drop no features have
            none such.
        seed: seed of the draws.
    """
    rng = random.Random(seed)
    drawn = [Candidate(entry.choose_settings(), replace(training, **entry.training))]
    little = {key: value for key, value in LITTLE_DROPOUT.items() if key in entry.space}
    if count > 1 and "input_dropout" in little:
        decay = min(drawn[0].training.weight_decay, training.weight_decay)
        light = replace(drawn[0].training, weight_decay=decay)
        drawn.append(Candidate(entry.choose_settings(**little), light))
    for _ in range(20 * count):
        if len(drawn) >= count:
            break
        model = entry.choose_settings(**{k: rng.choice(v) for k, v in entry.space.items()})
        values = {k: rng.choice(v) for k, v in TRAIN_SPACE.items()}
        candidate = Candidate(model, replace(training, **values))
        if candidate not in drawn:
            drawn.append(candidate)
    return drawn


def fit(
    entry: ModelEntry,
    choice: Candidate,
    task: Task,
    trained_on: MultimodalGraph,
    seed: int,
) -> Trained:
    """Build and train one model; `seed` determines all random numbers."""
    with seeded(seed):
        model = entry.build(task.schema, choice.model).to(task.device)
        return task.train(entry, model, choice.model, trained_on, choice.training, seed)


def best_of(choices: Sequence[Candidate], scores: Sequence[float]) -> Candidate:
    """The candidate with the best validation micro-F1; the first on ties.

    A score of NaN, of a training that diverged, is the worst.
    """
    known = [-1.0 if math.isnan(score) else score for score in scores]
    return choices[known.index(max(known))]


def settings_text(choice: Candidate) -> str:
    """All settings of the model and its training, as NAME=VALUE words."""
    values = {**asdict(choice.model), **choice.training.values()}
    return " ".join(f"{k}={v}" for k, v in values.items())
