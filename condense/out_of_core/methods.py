"""The methods that condense a graph on disk, told apart by their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from condense.budget import Budget
from condense.clustering.assembly import add_edges
from condense.clustering.settings import SpreadChoice, pseudo_labelling_of
from condense.clustering.spread import attached, common_units, spread_of_neighbourhoods
from condense.data.graph import MultimodalGraph
from condense.edges.structure import Structure
from condense.judging.judge import MOST_VALIDATED, Judge, best_of
from condense.methods.coarsening import CoarseningSettings
from condense.methods.kmeans import KMeansSettings
from condense.methods.mixture import MixtureSettings
from condense.methods.protocol import Outcome
from condense.methods.random import RandomSettings
from condense.methods.srgm.settings import SRGMSettings
from condense.methods.srgm.synthesis import Synthesis
from condense.out_of_core.clusters import classes_of_nodes, cluster_nodes
from condense.out_of_core.edges import PartitionOnDisk, graph_of_means
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.matching import Matched, matched, relay_space, start_of
from condense.out_of_core.matching_room import check_matching
from condense.out_of_core.neighbourhoods import NeighbourhoodsOnDisk
from condense.out_of_core.propagation import propagated
from condense.out_of_core.selection import random_subgraph
from condense.out_of_core.sizes import reads_paths
from condense.out_of_core.surroundings import as_many_as_fit, with_neighbours
from condense.out_of_core.workspace import Workspace
from condense.running.steps import OnStep, ignore
from condense.running.threads import one_thread
from condense.running.timing import StageClock

METHODS = ("mixture", "srgm", "coarsening", "kmeans", "random")
"""Those that can; the others need the graph in memory."""

Empty = Callable[[], MultimodalGraph]
Settings = MixtureSettings | SRGMSettings | CoarseningSettings | KMeansSettings | RandomSettings


def condense_on_disk(
    graph: GraphOnDisk,
    budget: Budget,
    settings: Settings,
    workspace: Workspace,
    clock: StageClock,
    empty: Empty,
    on_step: OnStep = ignore,
) -> Outcome:
    """Condense by the method to which the settings belong.

    Args:
        graph: the whole graph.
        budget: how many nodes and edges are kept.
        settings: of the method.
        workspace: where intermediate results are kept; its generator is the run's.
        clock: measures the time of each stage.
        empty: makes a graph without types that has the whole graph's attributes.
        on_step: called after each logged step.

    Raises:
        UserError: the bound on memory is too small for the method.
    """
    if isinstance(settings, RandomSettings):
        with clock.stage("select"):
            return Outcome(random_subgraph(graph, empty(), budget, workspace.generator))
    if isinstance(settings, SRGMSettings):
        check_matching(graph.schema, budget, settings, graph.room)
    with clock.stage("propagate"):
        view = propagated(graph, *reads_paths(settings), workspace)
    matches = isinstance(settings, SRGMSettings)
    with clock.stage("cluster"):
        node_class = classes_of_nodes(view, pseudo_labelling_of(settings), workspace)
        clusters = cluster_nodes(view, budget, node_class, settings.space, workspace, matches)
    with clock.stage("join"):
        partition = PartitionOnDisk.of(graph, clusters, budget.nodes)
        y = torch.arange(graph.schema.num_classes).repeat_interleave(torch.tensor(budget.classes))
        small = graph_of_means(empty(), partition, y)
        if isinstance(settings, KMeansSettings):
            for relation in graph.schema.relations:
                small[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
            return Outcome(small)
        if not matches:
            add_edges(small, Structure.of(partition, budget, absent=0.0).saved())
    outcome, unmatched = Outcome(small), None
    if isinstance(settings, SRGMSettings):
        with clock.stage("match"):
            space = relay_space(view)
            synthesis = Synthesis(start_of(space, partition, small, node_class), budget)
            if settings.spread == "auto" and settings.epochs > 0:
                unmatched = synthesis.to_graph(space, small)
            found = matched(view, space, synthesis, settings, workspace, on_step)
            outcome = _outcome(found, synthesis.to_graph(space, small))
    spreads = isinstance(settings, MixtureSettings | SRGMSettings)
    choice = settings.spread if spreads else "off"
    if choice == "auto" and outcome.diverged:
        choice = "off"
    return _spread_as_asked(choice, outcome, partition, workspace, clock, empty, unmatched)


def _outcome(found: Matched, best: MultimodalGraph) -> Outcome:
    """What matching found, and the best graph."""
    return Outcome(best, found.history, found.measures, not found.diverged, found.diverged)


def _spread_as_asked(
    choice: SpreadChoice,
    outcome: Outcome,
    partition: PartitionOnDisk,
    workspace: Workspace,
    clock: StageClock,
    empty: Empty,
    unmatched: MultimodalGraph | None,
) -> Outcome:
    """See `condense.methods.spread_choice.spread_as_asked`."""
    if choice == "off":
        return outcome
    with clock.stage("spread"):
        measured = _with_spread(outcome.graph, partition, workspace)
    if choice == "on":
        return replace(outcome, graph=measured)
    candidates = {"off": outcome.graph}
    if unmatched is not None:
        candidates["on, unmatched"] = attached(unmatched, measured.spread)
    candidates["on"] = measured
    with clock.stage("judge"), one_thread():
        kept, scores = _judged(partition.graph, candidates, empty, workspace.generator)
    measures = {**outcome.measures, "spread": kept, "judged": scores}
    return replace(outcome, graph=candidates[kept], measures=measures)


def _with_spread(
    small: MultimodalGraph, partition: PartitionOnDisk, workspace: Workspace
) -> MultimodalGraph:
    """See `condense.clustering.spread.with_spread`."""
    generator, y = workspace.generator, small[small.target].y
    scaler = common_units(partition.graph.scaler, partition.graph.schema)
    around = NeighbourhoodsOnDisk.of(partition, scaler, generator, workspace.tasks)
    return attached(small, spread_of_neighbourhoods(around, scaler, y, generator).halved())


def _judged(
    graph: GraphOnDisk,
    candidates: Mapping[str, MultimodalGraph],
    empty: Empty,
    generator: torch.Generator,
) -> tuple[str, dict[str, Any]]:
    """See `condense.judging.judge`: its models read a validation node and its neighbours alone."""
    rows = graph.val_mask.nonzero().flatten()
    order = torch.randperm(len(rows), generator=generator)
    seed = int(torch.randint(2**31, (), generator=generator))
    part, places = with_neighbours(
        graph, empty(), as_many_as_fit(graph, rows[order[:MOST_VALIDATED]])
    )
    scaler = graph.scaler
    judge = Judge(scaler.apply(part), scaler, graph.schema, places, seed)
    return best_of(judge, candidates)
