"""Coarsening: clusters of every node type, and the edges between them cut to the budget; no training."""

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
    from condense.methods.protocol import Outcome, Task


@dataclass(frozen=True, config=STRICT)
class CoarseningSettings:
    """Settings of coarsening.

    Attributes:
        labels: cluster all nodes under "pseudo"-labels, or "labelled" nodes alone.
        teacher: who guesses the pseudo-labels from meta-path features: a "ridge" regression, a "network"
            with one hidden layer, or "auto", the network where there are more labels than inputs.
        smooth: spread its guesses over the graph before they are taken, as far as that does better on
            validation nodes.
        space: cluster target nodes in meta-path-"propagated" features, in their "own", or in "both"; see
            `condense.clustering.coordinates`.
        hops: the longest meta-path of both.
        rank: most coordinates a modality, fewer where there are many meta-paths; see
            `condense.clustering.reduction` and `condense.clustering.propagation.WIDEST`.
    """

    labels: Literal["pseudo", "labelled"] = "pseudo"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    space: Space = "propagated"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)

    def __post_init__(self) -> None:
        """Refuse what would act on nothing."""
        refuse_idle_pseudo_labels(self)


def condense(task: Task, settings: CoarseningSettings) -> Outcome:
    """Average clusters, and join those that original edges join, as many pairs as the budget admits.

    Which pairs are joined and with which weights is as in SR-GM's start, see `condense.edges.structure`; but
    no edge joins clusters between which the whole graph has none.
    """
    from condense.clustering.assembly import add_edges, graph_of_means
    from condense.clustering.clusters import cluster_graph
    from condense.clustering.propagation import RelayView
    from condense.edges.structure import Structure
    from condense.methods.protocol import Outcome

    with task.clock.stage("propagate"):
        reads_paths = settings.labels == "pseudo" or settings.space != "own"
        hops = settings.hops if reads_paths else 0
        view = RelayView.of(task.graph, hops, settings.rank, task.generator)
    with task.clock.stage("cluster"):
        labelling = pseudo_labelling_of(settings)
        found = cluster_graph(view, task.budget, labelling, task.generator, settings.space)
    with task.clock.stage("join"):
        small = graph_of_means(task.graph, found)
        add_edges(small, Structure.of(found.partition, task.budget, absent=0.0).saved())
    return Outcome(small)
