"""Settings of GCond, GCondX and DosCond."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT

MOST_LR = 1e6
"""Of GCond and its descendants, whose features are short; others have `condense.config.HIGHEST_LR`."""


@dataclass(frozen=True, config=STRICT)
class MatchingSettings:
    """What all three share.

    Attributes:
        hops: how often features are propagated, on both graphs (authors' commands: --nlayers=2).
        batch: at most so many training nodes of each class give a gradient of the whole graph, drawn anew for
            each update (authors' code).
        centred: subtract the mean of each feature first. The authors do so for ogbn-arxiv, Flickr and
            Reddit, and not for Cora and Citeseer.
        length: features are multiplied by one number that gives rows this length, as a root mean square over
            all nodes, so that the learning rates mean the same on every graph. Cora's bags of words with rows
            that sum to one, which the authors' learning rates are for, have this one.
        check_every: validate once in this many epochs.
    """

    hops: int = Field(default=2, ge=0, le=8)
    batch: int = Field(default=256, ge=1)
    centred: bool = False
    length: float = Field(default=0.25, gt=0, le=1e6)
    check_every: int = Field(default=10, ge=1)


@dataclass(frozen=True, config=STRICT)
class TrainedRelaySettings:
    """What GCond and GCondX share: the relay is trained on the condensed graph between updates.

    Attributes:
        epochs: each with a new relay (600: scripts/run_main.sh of the authors).
        outer: updates of the condensed graph an epoch (authors' code, all small graphs).
        inner: steps of the relay between two updates (authors' code for Cora and Citeseer; 10 for others).
        distance: between two gradients, the paper's equation 5 over "columns", or "mse", the sum of squared
            differences, which the authors' README calls more stable.
        lr_features: learning rate of Adam for the features (README, Cora).
        lr_relay: learning rate of Adam for the relay (default of the authors' code).
    """

    epochs: int = Field(default=600, ge=0)
    outer: int = Field(default=20, ge=1)
    inner: int = Field(default=15, ge=0)
    distance: Literal["columns", "mse"] = "columns"
    lr_features: float = Field(default=1e-4, gt=0, le=MOST_LR)
    lr_relay: float = Field(default=0.01, gt=0, le=MOST_LR)


@dataclass(frozen=True, config=STRICT)
class TurnSettings(MatchingSettings):
    """Edges that follow from the features, and are updated in turn with them.

    Attributes:
        edge_epochs: of each `period`, the first so many epochs update the edges, the others the features
            (authors' code).
        period: see `edge_epochs` (authors' code).
    """

    edge_epochs: int = Field(default=10, ge=0)
    period: int = Field(default=50, ge=1)

    def __post_init__(self) -> None:
        """Reject a period in which the features would never move, and edges without an effect."""
        if not self.hops:
            raise ValueError(
                f"hops (got {self.hops}) must be at least 1, or edges have no effect; try --hops 2"
            )
        if self.edge_epochs >= self.period:
            raise ValueError(
                f"edge_epochs (got {self.edge_epochs}) must be fewer than the epochs of a period "
                f"(got {self.period}), or the features are never updated; try --edge-epochs "
                f"{self.period // 5}"
            )


@dataclass(frozen=True, config=STRICT)
class EdgeSettings(TurnSettings):
    """What GCond and DosCond share: an MLP of the features whose heavy entries are edges.

    Attributes:
        threshold: entries of A' below it are not saved (authors' tests of other models on Cora and
            Citeseer).
    """

    threshold: float = Field(default=0.05, ge=0, lt=1)


@dataclass(frozen=True, config=STRICT)
class GCondSettings(EdgeSettings, TrainedRelaySettings):
    """Settings of GCond, those of the authors' code for Cora.

    It reads the modalities side by side as one feature matrix, and takes graphs with one relation, among
    nodes of the target type; others are refused.

    Attributes:
        lr_edges: learning rate of Adam for the MLP that makes the edges (README, Cora).
    """

    lr_edges: float = Field(default=1e-4, gt=0, le=MOST_LR)


@dataclass(frozen=True, config=STRICT)
class GCondXSettings(TrainedRelaySettings, MatchingSettings):
    """Settings of GCondX, GCond's.

    It reads the modalities side by side as one feature matrix, and as edges the union of the meta-paths
    back to the target type; it saves neither edges nor nodes of other types.
    """


@dataclass(frozen=True, config=STRICT)
class DosCondSettings(EdgeSettings):
    """Settings of DosCond, those of the authors' command for Cora (KDD22_DosCond/README.md).

    It reads the modalities side by side as one feature matrix, and takes graphs with one relation, among
    nodes of the target type; others are refused.

    Attributes:
        epochs: updates, each with a new relay.
        distance: between two gradients, as in GCond.
        lr_features: learning rate of Adam for the features.
        lr_edges: learning rate of Adam for the MLP that makes the edges.
    """

    epochs: int = Field(default=5000, ge=0)
    distance: Literal["columns", "mse"] = "mse"
    lr_features: float = Field(default=1e-3, gt=0, le=MOST_LR)
    lr_edges: float = Field(default=1e-3, gt=0, le=MOST_LR)
    check_every: int = Field(default=50, ge=1)
