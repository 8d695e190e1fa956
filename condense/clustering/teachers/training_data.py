"""The data that a teacher is trained on, and the trained teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.propagation import RelayView


@dataclass(frozen=True)
class TrainingData:
    """Labelled nodes.

    Attributes:
        z, y: Z [n, D] and classes [n] of the training nodes.
        z_val, y_val: those of the validation nodes; they select and stop, nothing is fitted to them.
        num_classes: C.
    """

    z: Float[Tensor, "n D"]
    y: Int[Tensor, " n"]
    z_val: Float[Tensor, "k D"]
    y_val: Int[Tensor, " k"]
    num_classes: int

    @classmethod
    def of(cls, view: RelayView) -> TrainingData:
        """The labelled nodes of a whole graph."""
        store = view.graph[view.schema.target]
        train, val = store.train_mask.nonzero().flatten(), store.val_mask.nonzero().flatten()
        z = view.features(torch.cat([train, val]))
        return cls(
            z[: len(train)], store.y[train], z[len(train) :], store.y[val], view.schema.num_classes
        )


def same(hidden: Tensor) -> Tensor:
    """The head of a linear teacher: the identity."""
    return hidden


@dataclass(frozen=True)
class Teacher:
    """Scores = head(Z W + b), which estimate each class's probability.

    The first map is linear, so that Z of all nodes need not be formed.

    Attributes:
        weight: W [D, k].
        bias: b [k].
        val_accuracy: on the validation nodes.
        head: from [n, k] to scores [n, C].
    """

    weight: Tensor
    bias: Tensor
    val_accuracy: float
    head: Callable[[Tensor], Tensor] = same

    def scores(self, view: RelayView) -> Float[Tensor, "n C"]:
        """Scores of all target nodes."""
        return self.head(view.scores(self.weight) + self.bias)
