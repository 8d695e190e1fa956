"""Coarsening: clusters of every node type, and the edges between them cut to the budget; no training."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.assembly import clustered, join
from condense.budget import Budget
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.initial import clusters
from condense.methods.protocol import OnStep, Outcome
from condense.relations import primary, reverses
from condense.relay_view import RelayView
from condense.spaces import Space
from condense.stages import StageClock
from condense.structure import adjacencies


@dataclass(frozen=True, config=STRICT)
class CoarseningSettings:
    """Settings of coarsening.

    Attributes:
        labels: cluster all nodes under "pseudo"-labels from ridge regression on meta-path features, or
            "labelled" nodes alone.
        space: cluster target nodes by their meta-path-"propagated" features (the leading directions of
            these, see `condense.spaces`), or by their "own".
        hops: the longest meta-path of both.
        rank: most coordinates a modality, fewer where there are many meta-paths; see
            `condense.reduction` and `condense.relay_view.WIDEST`.
    """

    labels: Literal["pseudo", "labelled"] = "pseudo"
    space: Space = "propagated"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)


@dataclass(frozen=True, config=STRICT)
class Coarsening:
    """Cluster means, joined where original edges run: the heaviest pairs that the budget admits.

    Weights are proportional to the number of original edges (by multiplicity) and add up to the number
    of edges kept, as in SR-GM: see `condense.structure.edge_matrix`. No edge joins clusters between
    which the whole graph has none.
    """

    settings: CoarseningSettings = field(default_factory=CoarseningSettings)

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
        pseudo = s.labels == "pseudo"
        with clock.stage("propagate"):
            hops = s.hops if pseudo or s.space == "propagated" else 0
            view = RelayView.of(graph, hops, s.rank, generator)
        with clock.stage("cluster"):
            found = clusters(view, budget, pseudo, generator, s.space)
        with clock.stage("join"):
            small = clustered(graph, found)
            # log 0 = −inf: no edge is invented.
            logits = {r: found.edge_counts(r).log() for r in primary(graph)}
            join(small, adjacencies(logits, budget.edges, reverses(graph), tuple(graph.edge_types)))
        return Outcome(small)
