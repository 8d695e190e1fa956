"""What the grid asks of a whole graph on which models are judged, in memory or on disk."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from condense.data.features import Scaling
from condense.data.graph import MultimodalGraph
from condense.data.inductive import Setting
from evaluate.training.train import Trained, TrainSettings
from models.registry import ModelEntry
from models.schema import GraphSchema


class Task(Protocol):
    """A whole graph; `EvaluationTask` in memory, `evaluate.training.on_disk.task.StoredTask` on disk."""

    @property
    def raw(self) -> MultimodalGraph:
        """The graph's attributes, masks and known classes; its features and edges may have no values."""
        ...

    @property
    def training(self) -> MultimodalGraph:
        """What `train` is given to train on the whole graph."""
        ...

    @property
    def schema(self) -> GraphSchema:
        """With completed features."""
        ...

    @property
    def setting(self) -> Setting:
        """Transductive or inductive."""
        ...

    @property
    def scaling(self) -> Scaling:
        """How features are scaled."""
        ...

    @property
    def device(self) -> torch.device:
        """Where models are trained."""
        ...

    @property
    def fingerprint(self) -> str:
        """Of the graph, without its test labels."""
        ...

    @property
    def test_digest(self) -> str:
        """Of the nodes that are tested, and their classes."""
        ...

    @property
    def title(self) -> str:
        """Of its tables."""
        ...

    def note(self, whole: bool) -> str:
        """What decides on scores beside the settings, as NAME=VALUE words; "" for nothing.

        Args:
            whole: of trainings on the whole graph, or on a condensed one.
        """
        ...

    def bytes_of(self, graph: MultimodalGraph) -> int:
        """The size of a graph that is trained on, as `num_bytes` counts it."""
        ...

    def admit(self, condensed: MultimodalGraph) -> MultimodalGraph:
        """Scale a condensed graph to the models' units, or raise UserError where it does not fit."""
        ...

    def check_testable(self) -> None:
        """Raise UserError unless all nodes that are tested have labels."""
        ...

    def test_labels(self) -> Tensor:
        """The classes of the nodes that are tested, for the scorer alone."""
        ...

    def majority(self) -> int:
        """The most frequent class among training nodes."""
        ...

    def train(
        self,
        entry: ModelEntry,
        model: Any,
        settings: Any,
        trained_on: MultimodalGraph,
        training: TrainSettings,
        seed: int,
    ) -> Trained:
        """Train a model on a graph of the comparison, and keep the state that does best in validation.

        Args:
            entry: of the model.
            model: as it was built.
            settings: it was built with.
            trained_on: `training`, or what `admit` returned.
            training: settings of the training.
            seed: of the training.
        """
        ...

    def test_logits(
        self, entry: ModelEntry, model: Any, settings: Any, epoch: int
    ) -> Float[Tensor, "k C"]:
        """Logits of the nodes that are tested, by a model in its state of an epoch.

        Raises:
            DivergedError: a logit is infinite or NaN.
        """
        ...
