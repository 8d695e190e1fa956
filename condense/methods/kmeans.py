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
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.initial import clusters
from condense.methods.protocol import OnStep, Outcome
from condense.relay_view import RelayView
from condense.stages import StageClock


@dataclass(frozen=True, config=STRICT)
class KMeansSettings:
    """Settings of k-means.

    Attributes:
        labels: cluster "labelled" nodes alone, or all nodes under "pseudo"-labels from ridge
            regression on meta-path features.
        hops: the longest meta-path of that regression.
        rank: most coordinates a modality in which clusters are sought, fewer where there are many
            meta-paths; see `condense.relay_view.WIDEST`.
    """

    labels: Literal["labelled", "pseudo"] = "labelled"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)


@dataclass(frozen=True, config=STRICT)
class KMeans:
    """Cluster centres in the data set's own feature space; every type has nodes, no relation an edge."""

    settings: KMeansSettings = field(default_factory=KMeansSettings)

    def condense(
        self,
        graph: MultimodalGraph,
        budget: Budget,
        generator: torch.Generator,
        clock: StageClock,
        on_step: OnStep,
    ) -> Outcome:
        """See `Condenser`."""
        s = self.settings
        with clock.stage("propagate"):
            view = RelayView.of(graph, s.hops if s.labels == "pseudo" else 0, s.rank, generator)
        with clock.stage("cluster"):
            found = clusters(view, budget, s.labels == "pseudo", generator)
        small = clustered(graph, found)
        for relation in graph.edge_types:
            small[relation].edge_index = torch.zeros(2, 0, dtype=torch.long, device=found.y.device)
        return Outcome(small)
