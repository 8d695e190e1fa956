"""Settings of SGDD; `condense.methods.sgdd.method` explains the method."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT
from condense.methods.gcond.settings import (
    MOST_LR,
    EdgeSettings,
    TrainedRelaySettings,
)


@dataclass(frozen=True, config=STRICT)
class SGDDSettings(EdgeSettings, TrainedRelaySettings):
    """Settings of SGDD: GCond's, most of which its authors share, and those of the structure.

    It reads the modalities side by side as one feature matrix, and takes graphs with one relation, among
    nodes of the target type; others are refused.

    Attributes:
        lr_edges: learning rate of Adam for the networks that make the edges (authors' code).
        lr_plan: learning rate of Adam for the transport plan (COPT's code, at its start). The authors have
            .0001 for both, with which the plan hardly moves.
        structure: weight α of the structure's distance. The authors' 1e-10 is for another scale.
        smoothness: weight β of the labels' smoothness along edges (authors' README; .5 in their code).
        share: what features alone have of an edge's score (authors' code).
        sinkhorn: iterations that scale the transport plan (authors' code).
        sample: compare at most so many nodes of the whole graph, drawn once (authors' code). Time grows with
            their square, and once with their cube.
    """

    lr_edges: float = Field(default=1e-4, gt=0, le=MOST_LR)
    lr_plan: float = Field(default=0.4, gt=0, le=MOST_LR)
    structure: float = Field(default=1.0, ge=0, le=1e6)
    smoothness: float = Field(default=0.1, ge=0, le=1e6)
    share: float = Field(default=0.5, ge=0, le=1)
    sinkhorn: int = Field(default=5, ge=1, le=1000)
    sample: int = Field(default=5000, ge=1)
