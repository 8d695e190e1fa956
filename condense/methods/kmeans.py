"""k-means: class-wise cluster centres, without edges and without training.

The family of CGC and GECC: a condensed node is the mean of a cluster of original nodes of one class.
"""

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
class KMeansSettings:
    """Settings of k-means.

    Attributes:
        labels: cluster "labelled" nodes alone, or all nodes under "pseudo"-labels.
        teacher: who guesses the pseudo-labels from meta-path features: a "ridge" regression, a "network"
            with one hidden layer, or "auto", the network where there are more labels than inputs.
        smooth: spread its guesses over the graph before they are taken, as far as that does better on
            validation nodes.
        space: cluster target nodes in their "own" features, in meta-path-"propagated" ones, or in "both";
            see `condense.clustering.coordinates`. What is saved are means of own features in each case.
        hops: the longest meta-path of both.
        rank: most coordinates a modality in which clusters are sought, fewer where there are many
            meta-paths; see `condense.clustering.propagation.WIDEST`.
    """

    labels: Literal["labelled", "pseudo"] = "labelled"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    space: Space = "own"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)

    def __post_init__(self) -> None:
        """Refuse what would act on nothing."""
        refuse_idle_pseudo_labels(self)


def condense(task: Task, settings: KMeansSettings) -> Outcome:
    """Average clusters in the data set's own feature space: nodes of every type, and no edges."""
    import torch

    from condense.clustering.assembly import graph_of_means
    from condense.clustering.clusters import cluster_graph
    from condense.clustering.propagation import RelayView
    from condense.methods.protocol import Outcome

    with task.clock.stage("propagate"):
        reads_paths = settings.labels == "pseudo" or settings.space != "own"
        hops = settings.hops if reads_paths else 0
        view = RelayView.of(task.graph, hops, settings.rank, task.generator)
    with task.clock.stage("cluster"):
        labelling = pseudo_labelling_of(settings)
        found = cluster_graph(view, task.budget, labelling, task.generator, settings.space)
    small = graph_of_means(task.graph, found)
    for relation in task.graph.edge_types:
        small[relation].edge_index = torch.zeros(2, 0, dtype=torch.long, device=found.y.device)
    return Outcome(small)
