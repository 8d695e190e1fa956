"""The methods that condense a graph on disk, told apart by their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from condense.budget import Budget
from condense.clustering.assembly import add_edges
from condense.clustering.settings import pseudo_labelling_of
from condense.clustering.spread import attached, common_units, spread_of_neighbourhoods
from condense.data.graph import MultimodalGraph
from condense.edges.structure import Structure
from condense.judging.judge import MOST_VALIDATED, Judge, best_of
from condense.methods.coarsening import CoarseningSettings
from condense.methods.kmeans import KMeansSettings
from condense.methods.mixture import MixtureSettings
from condense.methods.protocol import Outcome
from condense.methods.random import RandomSettings
from condense.out_of_core.clusters import cluster_nodes
from condense.out_of_core.edges import PartitionOnDisk, graph_of_means
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.neighbourhoods import NeighbourhoodsOnDisk
from condense.out_of_core.propagation import propagated
from condense.out_of_core.selection import random_subgraph
from condense.out_of_core.surroundings import as_many_as_fit, with_neighbours
from condense.out_of_core.workspace import Workspace
from condense.running.threads import one_thread
from condense.running.timing import StageClock

METHODS = ("mixture", "coarsening", "kmeans", "random")
"""Those that can; the others need the graph in memory."""

Empty = Callable[[], MultimodalGraph]


def condense_on_disk(
    graph: GraphOnDisk,
    budget: Budget,
    settings: MixtureSettings | CoarseningSettings | KMeansSettings | RandomSettings,
    workspace: Workspace,
    clock: StageClock,
    empty: Empty,
) -> Outcome:
    """Condense by the method to which the settings belong.

    Args:
        graph: the whole graph.
        budget: how many nodes and edges are kept.
        settings: of the method.
        workspace: where intermediate results are kept; its generator is the run's.
        clock: measures the time of each stage.
        empty: makes a graph without types that has the whole graph's attributes.
    """
    if isinstance(settings, RandomSettings):
        with clock.stage("select"):
            return Outcome(random_subgraph(graph, empty(), budget, workspace.generator))
    with clock.stage("propagate"):
        reads_paths = settings.labels == "pseudo" or settings.space != "own"
        view = propagated(graph, settings.hops if reads_paths else 0, settings.rank, workspace)
    with clock.stage("cluster"):
        labelling = pseudo_labelling_of(settings)
        clusters = cluster_nodes(view, budget, labelling, settings.space, workspace)
    with clock.stage("join"):
        partition = PartitionOnDisk.of(graph, clusters, budget.nodes)
        y = torch.arange(graph.schema.num_classes).repeat_interleave(torch.tensor(budget.classes))
        small = graph_of_means(empty(), partition, y)
        if isinstance(settings, KMeansSettings):
            for relation in graph.schema.relations:
                small[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
            return Outcome(small)
        add_edges(small, Structure.of(partition, budget, absent=0.0).saved())
    if not isinstance(settings, MixtureSettings) or settings.spread == "off":
        return Outcome(small)
    with clock.stage("spread"):
        measured = _with_spread(small, partition, y, workspace)
    if settings.spread == "on":
        return Outcome(measured)
    with clock.stage("judge"), one_thread():
        kept, scores = _judged(graph, {"off": small, "on": measured}, empty, workspace.generator)
    graphs = {"off": small, "on": measured}
    return Outcome(graphs[kept], measures={"spread": kept, "judged": scores})


def _with_spread(
    small: MultimodalGraph, partition: PartitionOnDisk, y: Tensor, workspace: Workspace
) -> MultimodalGraph:
    """See `condense.clustering.spread.with_spread`."""
    generator = workspace.generator
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
