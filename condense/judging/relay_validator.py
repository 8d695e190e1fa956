"""Accuracy on validation nodes of a relay trained on a condensed graph."""

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
    """Scores condensed graphs on validation nodes; the matching loop returns the graph with the best score.

    Attributes:
        z: Z of the whole graph's validation nodes [k, D].
        y: classes of these nodes [k].
        num_classes: C.
        lr: learning rate of Adam for the relay.
        initial_relay: the relay before training; it is not changed.
    """

    z: Float[Tensor, "k D"]
    y: Int[Tensor, " k"]
    num_classes: int
    lr: float
    initial_relay: Relay

    @classmethod
    def of(cls, view: RelayView, lr: float, relay: str, hidden: int) -> RelayValidator:
        """A validator on the whole graph's validation nodes.

        Args:
            view: the whole graph.
            lr: learning rate of Adam for the relay.
            relay: a name of `models.relays.registry.RELAYS`.
            hidden: units of the relay's hidden layer, if it has one.
        """
        store = view.graph[view.schema.target]
        rows = store.val_mask.nonzero().flatten()
        num_classes = view.schema.num_classes
        return cls.on(view.features(rows), store.y[rows], num_classes, lr, relay, hidden)

    @classmethod
    def on(
        cls,
        z: Float[Tensor, "k D"],
        y: Int[Tensor, " k"],
        num_classes: int,
        lr: float,
        relay: str,
        hidden: int,
    ) -> RelayValidator:
        """A validator on some nodes.

        Args:
            z: Z of the nodes.
            y: their classes.
            num_classes: C.
            lr: see `of`.
            relay: likewise.
            hidden: likewise.
        """
        return cls(z, y, num_classes, lr, RELAYS[relay](z.size(1), hidden, num_classes, z))

    def score(self, z: Float[Tensor, "n D"], y: Tensor) -> float:
        """Accuracy of a relay trained on the condensed Z and labels; NaN without validation nodes.

        Args:
            z: Z.
            y: classes [n], or a distribution over them for each node [n, C].
        """
        soft = y.is_floating_point()
        target = (y if soft else torch.nn.functional.one_hot(y, self.num_classes)).to(z.dtype)
        theta = train_relay(self.initial_relay, z, target, STEPS, self.lr)
        return float((theta.logits(self.z).argmax(dim=1) == self.y).double().mean())
