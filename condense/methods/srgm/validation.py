"""How well the relay does on validation nodes after training on a condensed graph."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.propagation import RelayView
from models.relays.linear import Relay, train_relay
from models.relays.registry import RELAYS

STEPS = 100


@dataclass(frozen=True)
class RelayValidator:
    """Scores condensed graphs; what a run selects, it selects by these.

    Attributes:
        z: Z of the whole graph's validation nodes [k, D].
        y: their classes [k].
        num_classes: C.
        lr: Adam's step on the relay.
        start: the relay before training; it is not changed.
    """

    z: Float[Tensor, "k D"]
    y: Int[Tensor, " k"]
    num_classes: int
    lr: float
    start: Relay

    @classmethod
    def of(cls, view: RelayView, lr: float, relay: str, hidden: int) -> RelayValidator:
        """The validation nodes of a whole graph, for a kind of relay and its hidden units."""
        store = view.graph[view.schema.target]
        rows = store.val_mask.nonzero().flatten()
        z, classes = view.features(rows), view.schema.num_classes
        return cls(z, store.y[rows], classes, lr, RELAYS[relay](z.size(1), hidden, classes, z))

    def score(self, z: Float[Tensor, "n D"], y: Int[Tensor, " n"]) -> float:
        """Accuracy of a relay trained from `start` on the condensed Z and classes; NaN without nodes."""
        target = torch.nn.functional.one_hot(y, self.num_classes).to(z.dtype)
        theta = train_relay(self.start, z, target, STEPS, self.lr)
        return float((theta.logits(self.z).argmax(dim=1) == self.y).double().mean())
