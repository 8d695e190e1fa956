"""Coarsening: clusters of every node type, joined by their heaviest edges within the budget; no training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.clustering.settings import (
    Space,
    TeacherKind,
    pseudo_labelling_of,
    refuse_idle_pseudo_labels,
)
from condense.config import STRICT

if TYPE_CHECKING:
    from condense.data.graph import MultimodalGraph
    from condense.edges.partition import EdgesBetweenClusters
    from condense.methods.protocol import Outcome, Task


@dataclass(frozen=True, config=STRICT)
class CoarseningSettings:
    """Settings of coarsening.

    Attributes:
        labels: cluster all target nodes, by their "pseudo"-labels outside the training set, or only
            the "labelled" ones (the training nodes).
        teacher: predict the pseudo-labels from meta-path features, with a "ridge" regression or a "network"
            of one hidden layer; "auto" takes the network where training nodes outnumber its inputs.
        smooth: smooth the predictions over the graph first, as far as that raises the accuracy on
            validation nodes.
        space: cluster target nodes by meta-path-"propagated" features, their "own" features, or "both";
            see `condense.clustering.coordinates`.
        hops: length of the longest meta-path, in relations, for pseudo-labels and coordinates alike.
        rank: reduce each modality to at most this many coordinates; fewer remain where there are many
            meta-paths. See `condense.clustering.reduction` and `condense.clustering.propagation.WIDEST`.
    """

    labels: Literal["pseudo", "labelled"] = "pseudo"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    space: Space = "propagated"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)

    def __post_init__(self) -> None:
        """Reject settings that would have no effect."""
        refuse_idle_pseudo_labels(self)


def condense(task: Task, settings: CoarseningSettings) -> Outcome:
    """Average the nodes of each cluster, and join clusters that original edges join, heaviest pairs first.

    Pairs and weights are chosen as at SR-GM's start (see `condense.edges.structure`), except that two
    clusters without an edge between them in the whole graph are never joined.
    """
    from condense.methods.protocol import Outcome

    return Outcome(coarsened(task, settings)[0])


def coarsened(
    task: Task, settings: CoarseningSettings
) -> tuple[MultimodalGraph, EdgesBetweenClusters]:
    """The coarsened graph, and of which clusters its nodes are the means."""
    from condense.clustering.assembly import add_edges, graph_of_means
    from condense.clustering.clusters import cluster_graph
    from condense.clustering.propagation import RelayView
    from condense.edges.structure import Structure

    with task.clock.stage("propagate"):
        reads_paths = settings.labels == "pseudo" or settings.space != "own"
        hops = settings.hops if reads_paths else 0
        view = RelayView.of(task.graph, hops, settings.rank, task.generator)
    with task.clock.stage("cluster"):
        labelling = pseudo_labelling_of(settings)
        clusters = cluster_graph(view, task.budget, labelling, task.generator, settings.space)
    with task.clock.stage("join"):
        small = graph_of_means(task.graph, clusters)
        add_edges(small, Structure.of(clusters.partition, task.budget, absent=0.0).saved())
    return small, clusters.partition
