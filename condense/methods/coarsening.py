"""Coarsening: clusters of every node type, and the edges between them cut to the budget; no training."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.assembly import clustered, join
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
from condense.structure import Structure


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
            `condense.spaces`.
        hops: the longest meta-path of both.
        rank: most coordinates a modality, fewer where there are many meta-paths; see
            `condense.reduction` and `condense.relay_view.WIDEST`.
    """

    labels: Literal["pseudo", "labelled"] = "pseudo"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    space: Space = "propagated"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)

    def __post_init__(self) -> None:
        """Refuse what would act on nothing."""
        refuse_idle_guesses(self)


@dataclass(frozen=True, config=STRICT)
class Coarsening:
    """Cluster means, joined where original edges run, by as many pairs as the budget admits.

    Which pairs and with which weights is as in SR-GM's start, see `condense.structure`; but no edge joins
    clusters between which the whole graph has none.
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
