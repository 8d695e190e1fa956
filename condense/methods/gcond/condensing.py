"""What GCond and the methods that descend from it share: the run around `GradientMatching`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.data.relations import reverses
from condense.methods.gcond.distance import DISTANCES
from condense.methods.gcond.settings import MatchingSettings
from condense.methods.gcond.synthesis import GradientMatching, Keep, Rates, Schedule, Terms
from condense.methods.gcond.whole import WholeGradients
from condense.methods.homogeneous.assembly import condensed_graph, only_relation
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import synthesise, validator_of
from condense.methods.protocol import Outcome, Task
from condense.running.threads import threads_for


@dataclass(frozen=True)
class Start:
    """What gradient matching starts from; see `GradientMatching` for each.

    Attributes:
        x: the features that are learnt, class by class.
        edges: A' as a function of them; None for A' = I.
        keep: which entries of A' are edges; None if all are.
        copies: which condensed nodes share features; None if none do.
        terms: what is added to the loss.
    """

    x: Float[Tensor, "k d"]
    edges: nn.Module | None
    keep: Keep | None = None
    copies: Float[Tensor, "n k"] | None = None
    terms: Terms | None = None


Begin = Callable[[HomogeneousGraph, float], Start]
"""Makes a start of the whole graph and of the factor by which its features are scaled."""


def condense_by_matching(
    task: Task,
    settings: MatchingSettings,
    epochs: int,
    schedule: Schedule,
    rates: Rates,
    distance: str,
    begin: Begin,
) -> Outcome:
    """Match gradients for `epochs`, and save the graph that is best on validation nodes."""
    with task.clock.stage("propagate"):
        view = _view(task.graph, settings.centred)
        unit = _unit(view.x, settings.length)
        z = view.propagated(settings.hops)[view.train] * unit
    with task.clock.stage("start"):
        validator = validator_of(task, view, settings.hops)
        start = begin(view, unit)
        whole = WholeGradients(
            z, view.y[view.train], view.num_classes, settings.batch, task.generator
        )
        synthesis = GradientMatching(
            start.x, task.budget.classes, whole, start.edges, DISTANCES[distance], schedule, rates,
            settings.hops, start.keep, unit, task.generator, start.copies, start.terms,
        )  # fmt: skip
    with task.clock.stage("match"), threads_for(start.x.numel()):
        rate = ("lr_features", rates.features)
        reached = synthesise(task, synthesis, validator, epochs, settings.check_every, rate)
    with task.clock.stage("finish"):
        adjacency, x = synthesis.saved_adjacency(), synthesis.nodes().detach() / unit
        small = condensed_graph(task.graph, view, x, synthesis.y, adjacency)
    return Outcome(small, reached.history, reached.measures, reached.complete, reached.diverged)


def edges_at_most(task: Task, method: str) -> int:
    """The budget of edges; the relation and its reverse have the same edges.

    Raises:
        UserError: the graph has several relations.
    """
    relation = only_relation(task.graph, method)
    both = {relation, reverses(task.graph).get(relation, relation)}
    return min(task.budget.edges[r] for r in both)


def _view(graph: MultimodalGraph, centred: bool) -> HomogeneousGraph:
    scaler = FeatureScaler.fit(graph)
    if not centred:
        zero = {key: torch.zeros_like(mean) for key, mean in scaler.mean.items()}
        scaler = FeatureScaler(zero, scaler.scale)
    return HomogeneousGraph.of(graph, scaler)


def _unit(x: Tensor, length: float) -> float:
    """The factor that gives the rows of X this length, as a root mean square; 1 where all are zero."""
    found = float(x.square().sum(dim=1).mean().sqrt())
    return length / found if found > 0 else 1.0
