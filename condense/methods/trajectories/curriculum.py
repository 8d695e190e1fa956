"""Which training nodes an expert learns from in each epoch: easy ones first.

As in CLNode (Wei et al., WSDM 2023), a node is the harder, the more classes its neighbours have: by the
entropy of their shares, the node among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.methods.homogeneous.graph import HomogeneousGraph

Pacing = Literal["linear", "root", "geom"]


def difficulty(view: HomogeneousGraph, classes: Float[Tensor, "n C"]) -> Float[Tensor, " n"]:
    """−Σ_c s_ic log s_ic with s_ic the share of class c among node i and its neighbours, in nats.

    Args:
        view: the whole graph.
        classes: one-hot.
    """
    count = view.operator.adjacency.added(classes, classes)
    share = count / count.sum(dim=1, keepdim=True)
    return -torch.xlogy(share, share).sum(dim=1)


def easiest_first(view: HomogeneousGraph, classes: Float[Tensor, "n C"]) -> Int[Tensor, " k"]:
    """The training nodes in order of difficulty, equally hard ones in their own order."""
    return view.train[difficulty(view, classes)[view.train].argsort(stable=True)]


@dataclass(frozen=True)
class Curriculum:
    """How many training nodes are learned from.

    With λ the share at first and T the epoch from which all are, the share is in epoch t < T

        linear  λ + (1 − λ) t / T,      root  √(λ² + (1 − λ²) t / T),      geom  λ^(1 − t / T).

    Attributes:
        share: λ, positive.
        epochs: T.
        pacing: which of the three.
    """

    share: float
    epochs: int
    pacing: Pacing

    def count(self, epoch: int, nodes: int) -> int:
        """How many of `nodes` training nodes are learned from in an epoch, from 0; at least one."""
        if epoch >= self.epochs:
            return nodes
        first, done = self.share, epoch / self.epochs
        now = {
            "linear": first + (1 - first) * done,
            "root": (first**2 + (1 - first**2) * done) ** 0.5,
            "geom": first ** (1 - done),
        }[self.pacing]
        return max(1, int(now * nodes))


AT_ONCE = Curriculum(1.0, 0, "linear")
"""All training nodes in every epoch."""
