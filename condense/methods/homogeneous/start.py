"""Where methods start: random training nodes of each class."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from condense.budget import Budget
from condense.methods.homogeneous.graph import HomogeneousGraph


def random_training_nodes(
    view: HomogeneousGraph, budget: Budget, generator: torch.Generator
) -> Int[Tensor, " k"]:
    """n'_c random training nodes of each class, class by class; some twice where a class has fewer.

    Args:
        view: the whole graph.
        budget: n'_c.
        generator: for the draws.
    """
    drawn = []
    for c, count in enumerate(budget.classes):
        nodes = view.train[view.y[view.train] == c]
        order = torch.randperm(len(nodes), generator=generator, device=nodes.device)
        again = torch.randint(
            max(len(nodes), 1), (max(count - len(nodes), 0),), generator=generator,
            device=nodes.device,
        )  # fmt: skip
        drawn.append(nodes[torch.cat([order[:count], again])])
    return torch.cat(drawn)


def classes_of(view: HomogeneousGraph, budget: Budget) -> Int[Tensor, " k"]:
    """The classes of the condensed nodes, class by class as above."""
    counts = torch.tensor(budget.classes, device=view.y.device)
    return torch.arange(len(counts), device=view.y.device).repeat_interleave(counts)
