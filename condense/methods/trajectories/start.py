"""Where the condensed nodes start: training nodes that leave none of their class far away."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.budget import Budget
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.selection.farthest_first import farthest_first


def spread_out(
    view: HomogeneousGraph,
    hidden: Float[Tensor, "n h"],
    budget: Budget,
    generator: torch.Generator,
) -> Int[Tensor, " k"]:
    """n'_c training nodes of each class, class by class, chosen by k-center.

    A class with fewer nodes than that gives all of them, and some twice.

    Args:
        view: the whole graph.
        hidden: what nodes are compared by: hidden units of a trained network.
        budget: n'_c.
        generator: draws the second ones.
    """
    chosen = []
    for c, count in enumerate(budget.classes):
        nodes = view.train[view.y[view.train] == c]
        first = nodes[farthest_first(hidden[nodes], min(count, len(nodes)))]
        again = torch.randint(
            max(len(nodes), 1), (count - len(first),), generator=generator, device=nodes.device
        )
        chosen += [first, nodes[again]]
    return torch.cat(chosen)


def first_labels(logits: Float[Tensor, "k C"], y: Int[Tensor, " k"]) -> Float[Tensor, "k C"]:
    """ℓ with softmax(ℓ) what a network says of the nodes, raised at each node's class to the greatest.

    Args:
        logits: of a trained network.
        y: classes.
    """
    best = logits.max(dim=1, keepdim=True).values
    return logits.log_softmax(dim=1).scatter(1, y.unsqueeze(1), (best - logits.logsumexp(1, True)))
