"""k-means: class-wise cluster centres, without edges and without training.

The family of CGC and GECC: a condensed node is the mean of a cluster of original nodes of one class.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.assembly import clustered
from condense.budget import Budget
from condense.checkpoints import Checkpoints
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.initial import clusters
from condense.methods.protocol import OnStep, Outcome
from condense.pseudolabels import TeacherKind, guessing_of, refuse_idle_guesses
from condense.relay_view import RelayView
from condense.spaces import Space
from condense.stages import StageClock


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
            see `condense.spaces`. What is saved are means of own features in each case.
        hops: the longest meta-path of both.
        rank: most coordinates a modality in which clusters are sought, fewer where there are many
            meta-paths; see `condense.relay_view.WIDEST`.
    """

    labels: Literal["labelled", "pseudo"] = "labelled"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    space: Space = "own"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)

    def __post_init__(self) -> None:
        """Refuse what would act on nothing."""
        refuse_idle_guesses(self)


@dataclass(frozen=True, config=STRICT)
class KMeans:
    """Cluster centres in the data set's own feature space; every type has nodes, no relation an edge."""

    settings: KMeansSettings = field(default_factory=KMeansSettings)

    def condense(
        self,
        graph: MultimodalGraph,
        validation: MultimodalGraph,
        budget: Budget,
        generator: torch.Generator,
        clock: StageClock,
        on_step: OnStep,
        checkpoints: Checkpoints,
    ) -> Outcome:
        """See `Condenser`."""
        s = self.settings
        pseudo = s.labels == "pseudo"
        with clock.stage("propagate"):
            hops = s.hops if pseudo or s.space != "own" else 0
            view = RelayView.of(graph, hops, s.rank, generator)
        with clock.stage("cluster"):
            found = clusters(view, budget, guessing_of(s), generator, s.space)
        small = clustered(graph, found)
        for relation in graph.edge_types:
            small[relation].edge_index = torch.zeros(2, 0, dtype=torch.long, device=found.y.device)
        return Outcome(small)
