"""Where the features of the distinct nodes start."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from condense.budget import Budget
from condense.clustering.kmeans import cluster_means, kmeans_by_class
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.start import random_training_nodes
from condense.methods.msgc.copies import Copies

Place = Callable[[HomogeneousGraph, Budget, Copies, torch.Generator], Tensor]
"""X' of the distinct nodes [k, d], in scaled units."""


def means(
    view: HomogeneousGraph, budget: Budget, copies: Copies, generator: torch.Generator
) -> Float[Tensor, "k d"]:
    """The mean over the training nodes of the class, for all distinct nodes of a class the same."""
    x, y = view.x[view.train], view.y[view.train]
    mean, _ = cluster_means(x, torch.ones_like(y, dtype=torch.bool), y, view.num_classes)
    return mean.repeat_interleave(torch.tensor(copies.counts, device=y.device), dim=0)


def clusters(
    view: HomogeneousGraph, budget: Budget, copies: Copies, generator: torch.Generator
) -> Float[Tensor, "k d"]:
    """The means of k-means clusters of the class's training nodes.

    Raises:
        BudgetError: a class has fewer training nodes than distinct nodes.
    """
    x, y = view.x[view.train], view.y[view.train]
    found = kmeans_by_class(x, y, tuple(copies.counts), generator)
    return cluster_means(x, found >= 0, found, sum(copies.counts))[0]


def nodes(
    view: HomogeneousGraph, budget: Budget, copies: Copies, generator: torch.Generator
) -> Float[Tensor, "k d"]:
    """Random training nodes of the class."""
    drawn = random_training_nodes(view, budget, generator)  # As many as condensed nodes.
    firsts = [
        rows[:count]
        for rows, count in zip(drawn.split(list(budget.classes)), copies.counts, strict=True)
    ]
    return view.x[torch.cat(firsts)]


STARTS: dict[str, Place] = {"mean": means, "clusters": clusters, "nodes": nodes}
