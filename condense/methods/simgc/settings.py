"""Settings of SimGC; `condense.methods.simgc.method` explains the method."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import HIGHEST_LR, STRICT

HIDDEN = 2048


@dataclass(frozen=True, config=STRICT)
class SimGCSettings:
    """Settings of SimGC; the defaults are the authors' on arxiv, whose features they scale as we do.

    It reads the modalities side by side as one feature matrix, and takes graphs with one relation, among
    nodes of the target type; others are refused.

    Attributes:
        steps: update the condensed graph this many times. 1500 on Cora and arxiv, 2500 on Reddit, 3500 on
            Flickr.
        hops: how often features are propagated.
        alignment: weight α of the layers' moments. 10 on Cora and arxiv, 5 on Flickr, 100 on Reddit.
        smoothness: weight γ of the smoothness of features along edges. .1 everywhere.
        teacher: train a "linear" SGC on the whole graph, or a "two-layer" one, as on Cora.
        hidden: units of the hidden layer of a two-layer teacher. 2048 as on Cora.
        teacher_steps: train the teacher for this many steps; the best on validation nodes is taken.
        lr_teacher: learning rate of Adam for the teacher. .01 on arxiv, .001 on Cora.
        lr_features: learning rate of Adam for the features. .05 on arxiv, Flickr and Reddit; .005 on Cora,
            for rows that sum to one.
        lr_edges: learning rate of Adam for the MLP that makes the edges. .001 on Cora.
        edge_steps: update the edges' MLP, and not the features, in this many steps in turn; then ...
        feature_steps: ... the features, and not the MLP, in this many.
        threshold: drop edges of less weight.
        check_every: validate once in this many updates. Theirs trains a GCN in every hundredth.
    """

    steps: int = Field(default=1500, ge=0)
    hops: int = Field(default=2, ge=1, le=4)
    alignment: float = Field(default=10.0, ge=0, le=1e6)
    smoothness: float = Field(default=0.1, ge=0, le=1e6)
    teacher: Literal["linear", "two-layer"] = "linear"
    hidden: int = Field(default=HIDDEN, ge=1)
    teacher_steps: int = Field(default=1000, ge=1)
    lr_teacher: float = Field(default=0.01, gt=0, le=HIGHEST_LR)
    lr_features: float = Field(default=0.05, gt=0, le=HIGHEST_LR)
    lr_edges: float = Field(default=0.01, gt=0, le=HIGHEST_LR)
    edge_steps: int = Field(default=10, ge=0)
    feature_steps: int = Field(default=40, ge=1)
    threshold: float = Field(default=0.01, ge=0, lt=1)
    check_every: int = Field(default=50, ge=1)

    def __post_init__(self) -> None:
        """Reject settings that would have no effect."""
        if self.teacher == "linear" and self.hidden != HIDDEN:
            raise ValueError(
                f"hidden (got {self.hidden}) has no effect with --teacher linear; add --teacher two-layer"
            )
