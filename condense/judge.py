"""How well the relay does on validation nodes after training on a condensed graph."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.relay_view import RelayView
from models.relay import Parameters, train_relay

STEPS = 100


@dataclass(frozen=True)
class Judge:
    """Scores condensed graphs; what a run selects, it selects by these.

    Attributes:
        z: Z of the whole graph's validation nodes [k, D].
        y: their classes [k].
        num_classes: C.
        lr: Adam's step on the relay.
    """

    z: Float[Tensor, "k D"]
    y: Int[Tensor, " k"]
    num_classes: int
    lr: float

    @classmethod
    def of(cls, view: RelayView, lr: float) -> Judge:
        """The validation nodes of a whole graph."""
        store = view.graph[view.schema.target]
        rows = store.val_mask.nonzero().flatten()
        return cls(view.features(rows), store.y[rows], view.schema.num_classes, lr)

    def score(self, z: Float[Tensor, "n D"], y: Int[Tensor, " n"]) -> float:
        """Accuracy of a relay trained from zero on the condensed Z and classes; NaN without nodes."""
        target = torch.nn.functional.one_hot(y, self.num_classes).to(z.dtype)
        zero = Parameters.zeros(z.size(1), self.num_classes, z)
        theta = train_relay(zero, z, target, STEPS, self.lr)
        return float((theta.logits(self.z).argmax(dim=1) == self.y).double().mean())
