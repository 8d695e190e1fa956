"""Settings of HGCond; `condense.methods.hgcond.method` explains the method."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import HIGHEST_LR, STRICT


@dataclass(frozen=True, config=STRICT)
class HGCondSettings:
    """Settings of HGCond; the defaults are those of the authors' code, but for `rank` and `check_every`.

    Attributes:
        epochs: match with this many initialisations of the relay; the code has two for each hidden unit.
        outer: update the condensed graph this many times for each initialisation.
        inner: train the relay on the condensed graph for this many steps between two updates.
        sequence: draw the initialisations in "orthogonal" sequences, or each at "random".
        hidden: hidden units of the relay.
        layers: how often the relay propagates.
        rank: reduce each modality to at most this many coordinates; see `condense.clustering.reduction`.
        lr: learning rate of Adam for features and edges.
        lr_relay: learning rate of Adam for the relay.
        start_epochs: train the relay on the whole graph for this many epochs; the start is clusters of its
            embeddings.
        check_every: validate once in this many updates of the condensed graph.
    """

    epochs: int = Field(default=128, ge=0)
    outer: int = Field(default=3, ge=1)
    inner: int = Field(default=1, ge=0)
    sequence: Literal["orthogonal", "random"] = "orthogonal"
    hidden: int = Field(default=64, ge=1)
    layers: int = Field(default=3, ge=0, le=8)
    rank: int = Field(default=256, ge=1)
    lr: float = Field(default=0.01, gt=0, le=HIGHEST_LR)
    lr_relay: float = Field(default=0.1, gt=0, le=HIGHEST_LR)
    start_epochs: int = Field(default=100, ge=0)
    check_every: int = Field(default=12, ge=1)
