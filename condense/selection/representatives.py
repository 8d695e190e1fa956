"""Training nodes of each class, and those that represent their class best."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from condense.budget import Budget
from condense.clustering.propagation import RelayView
from condense.data.graph import MultimodalGraph
from condense.errors import BudgetError
from condense.running.timing import StageClock
from condense.selection.induced import subgraph_around

Pick = Callable[[Float[Tensor, "k D"], int], Int[Tensor, " count"]]
"""(features of one class, number of rows) -> distinct rows."""


def training_nodes(graph: MultimodalGraph, budget: Budget) -> list[Int[Tensor, " k"]]:
    """The training nodes of each class.

    Raises:
        BudgetError: a class has fewer of them than its budget.
    """
    store = graph[graph.target]
    return by_class(store.y, store.train_mask, budget)


def by_class(
    y: Int[Tensor, " n"], train: Bool[Tensor, " n"], budget: Budget
) -> list[Int[Tensor, " k"]]:
    """`training_nodes` of a graph with these classes and this mask."""
    found = []
    for c, count in enumerate(budget.classes):
        nodes = (train & (y == c)).nonzero().flatten()
        if len(nodes) < count:
            raise BudgetError(
                f"ratio (n' = {sum(budget.classes)}) asks for {count} training nodes of "
                f"class {c}, which has {len(nodes)}; lower --ratio, or use --method kmeans or "
                f"coarsening with --labels pseudo, which use unlabelled nodes as well"
            )
        found.append(nodes)
    return found


def drawn(
    members: Sequence[Int[Tensor, " k"]], counts: Sequence[int], generator: torch.Generator
) -> Int[Tensor, " n"]:
    """Random nodes, as many of each class as `counts` says, class by class."""
    picked = []
    for nodes, count in zip(members, counts, strict=True):
        order = torch.randperm(len(nodes), generator=generator, device=nodes.device)
        picked.append(nodes[order[:count]])
    return torch.cat(picked)


def representatives(
    graph: MultimodalGraph,
    budget: Budget,
    hops: int,
    rank: int,
    pick: Pick,
    generator: torch.Generator,
    clock: StageClock,
) -> MultimodalGraph:
    """The subgraph around n'_c training nodes of each class, picked by meta-path-propagated features.

    Args:
        graph: the whole graph.
        budget: counts to keep.
        hops: the longest meta-path.
        rank: coordinates a modality; see `condense.clustering.reduction`.
        pick: chooses within one class.
        generator: for the reduction, the other types' nodes and the edges to drop.
        clock: measures the stages.

    Raises:
        BudgetError: a class has fewer training nodes than its budget.
    """
    members = training_nodes(graph, budget)
    with clock.stage("propagate"):
        view = RelayView.of(graph, hops, rank, generator)
        z = view.features(torch.cat(members)).split([len(nodes) for nodes in members])
    with clock.stage("select"):
        picked = [
            nodes[pick(x, count)]
            for nodes, x, count in zip(members, z, budget.classes, strict=True)
        ]
        return subgraph_around(graph, torch.cat(picked), budget, generator)
