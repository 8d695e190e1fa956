"""Which architecture a sweep tries next: Optuna's tree-structured Parzen estimator.

Its state is never stored. A sweep that goes on makes a new sampler of the same seed and replays the rows of
trials.csv to it in the order of their numbers: each draw is made again and, where it is the architecture of
the row, told the row's score. The sampler's random numbers are then where they were, so that with one job a
resumed sweep draws what an uninterrupted one draws after trials of the same scores. Rows that a replay does
not draw, as after a sweep with several jobs, are added to what the sampler knows.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState, create_trial

from evaluate.search.architecture import Architecture
from evaluate.search.record import TrialRow
from evaluate.search.space import Space


@dataclass(frozen=True)
class Proposal:
    """An architecture to try.

    Attributes:
        number: of the trial, from 1.
        architecture: to be trained.
        trial: Optuna's, for `Proposals.tell`; None where Optuna has not drawn it.
    """

    number: int
    architecture: Architecture
    trial: optuna.Trial | None


class Proposals:
    """The architectures that a sweep has yet to try, one after another.

    Args:
        space: to draw from.
        seed: of the sampler.
        kept: rows of earlier trials, in the order of their numbers.
        numbers: of the trials to run. One that `kept` lists, since it failed, tries its architecture again.
    """

    def __init__(
        self, space: Space, seed: int, kept: Sequence[TrialRow], numbers: Collection[int]
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        self._study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed)
        )
        known = {row.trial: space.parse(row.model, row.settings) for row in kept}
        for row in kept:
            self._replay(known[row.trial], row.score)
        self._left = [(number, known.get(number)) for number in sorted(numbers)]

    def next(self) -> Proposal | None:
        """The next architecture; None if all have been proposed."""
        if not self._left:
            return None
        number, again = self._left.pop(0)
        if again is not None:
            return Proposal(number, again, None)
        trial = self._study.ask()
        return Proposal(number, _suggest(self._space, trial), trial)

    def tell(self, proposal: Proposal, score: float) -> None:
        """Let the sampler know the score of an architecture; NaN if its training failed."""
        if proposal.trial is None:
            self._add(proposal.architecture, score)
        elif math.isnan(score):
            self._study.tell(proposal.trial, state=TrialState.FAIL)
        else:
            self._study.tell(proposal.trial, score)

    def _replay(self, architecture: Architecture, score: float) -> None:
        trial = self._study.ask()
        drawn = Proposal(0, _suggest(self._space, trial), trial)
        same = drawn.architecture.key == architecture.key
        self.tell(drawn, score if same else math.nan)
        if not same:
            self._add(architecture, score)

    def _add(self, architecture: Architecture, score: float) -> None:
        """Add a score of an architecture that Optuna has not drawn; failed ones teach it nothing."""
        if math.isnan(score):
            return
        chosen = _Chosen(architecture)
        _suggest(self._space, chosen)
        self._study.add_trial(
            create_trial(value=score, params=chosen.params, distributions=chosen.distributions)
        )


def _suggest(space: Space, trial: Any) -> Architecture:
    """An architecture of the space, as a trial suggests its parameters one after another."""
    model = trial.suggest_categorical("model", list(space.families))
    family = space.families[model]
    settings = {
        k: trial.suggest_categorical(f"{model}.{k}", list(v)) for k, v in family.settings.items()
    }
    # One parameter for all families that list the same values: what is learnt of it serves all.
    training = {
        k: trial.suggest_categorical(f"{k} of {v}", list(v)) for k, v in family.training.items()
    }
    return Architecture(model, settings, training)


class _Chosen:
    """A trial that suggests the parameters of one architecture, and notes them."""

    def __init__(self, architecture: Architecture) -> None:
        prefix = architecture.model
        self._values = {"model": prefix}
        self._values |= {f"{prefix}.{k}": v for k, v in architecture.settings.items()}
        self._training = architecture.training
        self.params: dict[str, Any] = {}
        self.distributions: dict[str, BaseDistribution] = {}

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        known = name in self._values
        value = self._values[name] if known else self._training[name.partition(" of ")[0]]
        self.params[name] = value
        self.distributions[name] = CategoricalDistribution(tuple(choices))
        return value
