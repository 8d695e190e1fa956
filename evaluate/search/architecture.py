"""One point of a search space: a model family, its settings, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluate.training.train import TrainSettings
from evaluate.training.tune import Candidate
from models.registry import MODELS


@dataclass(frozen=True)
class Architecture:
    """A point of a search space.

    Attributes:
        model: a name in `MODELS`.
        settings: settings of the model that differ from its defaults or that the space lists.
        training: learning rate and weight decay, if the space lists them.
    """

    model: str
    settings: Mapping[str, Any]
    training: Mapping[str, Any]

    @property
    def text(self) -> str:
        """All settings in the space's order, as `hidden=64 layers=2 lr=0.003`."""
        return " ".join(f"{k}={v}" for k, v in {**self.settings, **self.training}.items())

    @property
    def key(self) -> tuple[str, str]:
        """What identifies an architecture within a space."""
        return self.model, self.text

    def candidate(self, epochs: int, check_every: int) -> Candidate:
        """The candidate that trains this architecture for `epochs`.

        Settings that the space does not list keep the model's defaults.
        """
        entry = MODELS[self.model]
        training: dict[str, Any] = {**entry.training, **self.training}
        settings = TrainSettings(epochs=epochs, check_every=check_every, **training)
        return Candidate(entry.settings(**self.settings), settings)
