"""k-means: class-wise cluster centres, without edges and without training.

The family of CGC and GECC: a condensed node is the mean of a cluster of original nodes of one class.
"""

from __future__ import annotations

from dataclasses import field

import torch
from pydantic.dataclasses import dataclass

from condense.budget import Budget
from condense.clustering.assembly import clustered
from condense.clustering.clusters import clusters
from condense.clustering.propagation import RelayView
from condense.clustering.settings import guessing_of
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.methods.kmeans_settings import KMeansSettings
from condense.methods.protocol import Outcome
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep
from condense.running.timing import StageClock


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
