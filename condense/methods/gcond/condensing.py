"""Condensing by gradient matching, from a task to its outcome: what GCond, its relatives and SGDD share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.data.relations import reverses
from condense.methods.gcond.distance import DISTANCES
from condense.methods.gcond.settings import EdgeSettings, MatchingSettings
from condense.methods.gcond.synthesis import GradientMatching, Keep, Rates, Schedule, Terms
from condense.methods.gcond.whole import WholeGradients
from condense.methods.homogeneous.assembly import condensed_graph, only_relation
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.loop import synthesise, validator_of
from condense.methods.homogeneous.pair_mlp import PairMLP
from condense.methods.homogeneous.start import random_training_nodes
from condense.methods.protocol import Outcome, Task
from condense.running.threads import threads_for

EdgeMaker = Callable[[HomogeneousGraph, Tensor, torch.Generator], tuple[nn.Module, Terms | None]]
"""Takes the whole graph, X' and what draws; returns A' as a function of X', and what is added to the loss."""


def with_pair_mlp(
    view: HomogeneousGraph, x: Tensor, generator: torch.Generator
) -> tuple[PairMLP, None]:
    """A' = MLP(X'), and nothing added to the loss."""
    return PairMLP(x.size(1), generator, x), None


def kept(task: Task, settings: EdgeSettings, method: str) -> Keep:
    """Which entries of A' are edges; the relation and its reverse have the same.

    Raises:
        UserError: the graph has several relations.
    """
    relation = only_relation(task.graph, method)
    both = {relation, reverses(task.graph).get(relation, relation)}
    return Keep(min(task.budget.edges[r] for r in both), settings.threshold)


def condensed_by_matching(
    task: Task,
    settings: MatchingSettings,
    epochs: int,
    schedule: Schedule,
    rates: Rates,
    distance: str,
    keep: Keep | None = None,
    edges_of: EdgeMaker | None = None,
) -> Outcome:
    """Random training nodes, moved by gradient matching.

    Args:
        task: what to condense.
        settings: what all of these methods share.
        epochs: each with a relay of its own.
        schedule: how often what is updated.
        rates: learning rates.
        distance: between gradients, a key of DISTANCES.
        keep: see `kept`; None for A' = I.
        edges_of: makes A'; None for A' = I.
    """
    with task.clock.stage("propagate"):
        view = _view(task.graph, settings.centred)
        unit = _unit(view.x, settings.length)
        z = view.propagated(settings.hops)[view.train] * unit
    with task.clock.stage("start"):
        validator = validator_of(task, view, settings.hops)
        chosen = random_training_nodes(view, task.budget, task.generator)
        x = view.x[chosen] * unit
        whole = WholeGradients(
            z, view.y[view.train], view.num_classes, settings.batch, task.generator
        )
        edges, terms = edges_of(view, x, task.generator) if edges_of else (None, None)
        synthesis = GradientMatching(
            x, task.budget.classes, whole, edges, DISTANCES[distance], schedule, rates,
            settings.hops, keep, unit, task.generator, terms,
        )  # fmt: skip
    with task.clock.stage("match"), threads_for(x.numel()):
        rate = ("lr_features", rates.features)
        reached = synthesise(task, synthesis, validator, epochs, settings.check_every, rate)
    with task.clock.stage("finish"):
        adjacency = synthesis.saved_adjacency()
        small = condensed_graph(
            task.graph, view, synthesis.x.detach() / unit, synthesis.y, adjacency
        )
    return Outcome(small, reached.history, reached.measures, reached.complete, reached.diverged)


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
