"""Coarsening: clusters of every node type, and the edges between them cut to the budget; no training."""

from __future__ import annotations

from dataclasses import field

import torch
from pydantic.dataclasses import dataclass

from condense.budget import Budget
from condense.clustering.assembly import clustered, join
from condense.clustering.clusters import clusters
from condense.clustering.propagation import RelayView
from condense.clustering.settings import guessing_of
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.edges.structure import Structure
from condense.methods.coarsening_settings import CoarseningSettings
from condense.methods.protocol import Outcome
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep
from condense.running.timing import StageClock


@dataclass(frozen=True, config=STRICT)
class Coarsening:
    """Cluster means, joined where original edges run, by as many pairs as the budget admits.

    Which pairs and with which weights is as in SR-GM's start, see `condense.edges.structure`; but no edge
    joins clusters between which the whole graph has none.
    """

    settings: CoarseningSettings = field(default_factory=CoarseningSettings)

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
        with clock.stage("join"):
            small = clustered(graph, found)
            join(small, Structure.of(found, budget, absent=0.0).saved())
        return Outcome(small)
