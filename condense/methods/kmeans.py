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
        labels: cluster only the "labelled" target nodes (the training nodes), or all of them,
            by their "pseudo"-labels outside the training set.
        teacher: predict the pseudo-labels from meta-path features, with a "ridge" regression or a "network"
            of one hidden layer; "auto" takes the network where training nodes outnumber its inputs.
        smooth: smooth the predictions over the graph first, as far as that raises the accuracy on
            validation nodes.
        space: cluster target nodes by their "own" features, meta-path-"propagated" features, or "both";
            see `condense.clustering.coordinates`. The condensed features are means of the nodes' own
            features in every case.
        hops: length of the longest meta-path, in relations, for pseudo-labels and coordinates alike.
        rank: cluster in at most this many coordinates of each modality; fewer remain where there are many
            meta-paths. See `condense.clustering.propagation.WIDEST`.
    """

    labels: Literal["labelled", "pseudo"] = "labelled"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    space: Space = "own"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)

    def __post_init__(self) -> None:
        """Reject settings that would have no effect."""
        refuse_idle_pseudo_labels(self)


def condense(task: Task, settings: KMeansSettings) -> Outcome:
    """Average the nodes of each cluster in the data set's own feature space, for every type; no edges."""
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
        clusters = cluster_graph(view, task.budget, labelling, task.generator, settings.space)
    small = graph_of_means(task.graph, clusters)
    for relation in task.graph.edge_types:
        small[relation].edge_index = torch.zeros(2, 0, dtype=torch.long, device=clusters.y.device)
    return Outcome(small)
