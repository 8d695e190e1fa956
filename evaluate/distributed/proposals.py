"""Which architectures a sweep tries: Optuna proposes them, and is told of the trials of earlier parts.

Nothing of Optuna's is kept in files. A sweep that is resumed makes a new study from the rows of trials.csv.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState, create_trial
from ray.tune.search.optuna import OptunaSearch

from evaluate.search.architecture import Architecture
from evaluate.search.record import FAILED, TrialRow
from evaluate.search.space import Space

STUDY = "sweep"


@dataclass(frozen=True)
class DefineByRun:
    """A space as Optuna asks for it: a function of a trial that suggests what it needs, one after another."""

    space: Space

    def __call__(self, trial: Any) -> dict[str, Any]:
        """Suggest an architecture."""
        model = trial.suggest_categorical("model", list(self.space.families))
        settings, training = (
            {k: trial.suggest_categorical(name, values) for k, (name, values) in part.items()}
            for part in _parameters(self.space, model)
        )
        return {"model": model, "settings": settings, "training": training}


def architecture_of(config: dict[str, Any]) -> Architecture:
    """The architecture in a trial's configuration, see `DefineByRun`."""
    return Architecture(config["model"], config["settings"], config["training"])


def proposals(
    space: Space, seed: int, ended: Sequence[TrialRow] = (), again: Sequence[TrialRow] = ()
) -> OptunaSearch:
    """Optuna's tree-structured Parzen estimator, as Ray Tune asks it for architectures.

    Args:
        space: the architectures.
        seed: of the draws. After an interruption the number of ended trials is mixed in, or the first
            architectures would be drawn again.
        ended: trials of earlier parts, which Optuna learns from.
        again: trials to be proposed first, in this order.

    Raises:
        UserError: a row's architecture is not in the space.
    """
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name=STUDY, direction="maximize")
    for row in ended:
        parameters, distributions = _chosen(space, row)
        failed = row.status == FAILED
        study.add_trial(
            create_trial(
                state=TrialState.FAIL if failed else TrialState.COMPLETE,
                value=None if failed else row.score,
                params=parameters,
                distributions=distributions,
            )
        )
    for row in again:
        study.enqueue_trial(_chosen(space, row)[0])
    if ended:
        seed = int(np.random.SeedSequence([seed, len(ended)]).generate_state(1)[0])
    return OptunaSearch(
        DefineByRun(space), metric="score", mode="max", seed=seed, storage=storage, study_name=STUDY
    )


Named = dict[str, tuple[str, list[Any]]]


def _parameters(space: Space, model: str) -> tuple[Named, Named]:
    """Setting -> Optuna's name for it and its values, for the settings of a model and of its training."""
    family = space.families[model]
    settings = {k: (f"{model}.{k}", list(v)) for k, v in family.settings.items()}
    # One parameter for all families that list the same values: what is learnt of it serves all.
    training = {k: (f"{k} of {v}", list(v)) for k, v in family.training.items()}
    return settings, training


def _chosen(space: Space, row: TrialRow) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """Optuna's parameters of a row's architecture, and what they were drawn from."""
    architecture = space.parse(row.model, row.settings)
    parameters: dict[str, Any] = {"model": architecture.model}
    families = list(space.families)
    distributions: dict[str, BaseDistribution] = {"model": CategoricalDistribution(families)}
    chosen = architecture.settings, architecture.training
    for part, values in zip(_parameters(space, architecture.model), chosen, strict=True):
        for key, (name, choices) in part.items():
            parameters[name] = values[key]
            distributions[name] = CategoricalDistribution(choices)
    return parameters, distributions
