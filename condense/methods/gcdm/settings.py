"""Settings of GCDM and GCDMX; `condense.methods.gcdm.method` explains the methods and names the sources."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import HIGHEST_LR, STRICT

LR_RELAY = 0.01


@dataclass(frozen=True, config=STRICT)
class GCDMXSettings:
    """Settings of GCDMX.

    It reads the modalities side by side as one feature matrix, and as edges the union of the meta-paths
    back to the target type; it saves neither edges nor nodes of other types.

    Attributes:
        epochs: draw this many relays, one after another. GraphSlim, on Cora.
        outer: update the condensed graph this many times for each relay. GraphSlim and GCondenser.
        inner: train the relay on the condensed graph's classes for this many steps between two updates; 0
            leaves relays random. GraphSlim: 0 on Cora, Citeseer, Pubmed and Reddit, 1 on arxiv, 2 on Flickr.
        hidden: units of a relay, the width of the embeddings. All three tools.
        hops: how often features are propagated before a relay reads them. All three tools compare the
            hidden layer of a GCN of two layers, which is one hop.
        distance: compare random "pairs" of an original and a condensed node (GraphSlim, the authors of
            SR-GM), or the "means" of the embeddings of each class, which is the maximum mean discrepancy with
            a linear kernel (GCondenser).
        lr_features: learning rate of Adam for the features, which have unit scale. GraphSlim's and
            GCondenser's 1e-4 on Cora is for rows that sum to one, whose entries have a root mean square of
            0.0066 after centring: 1e-4 / 0.0066.
        lr_relay: learning rate of Adam for the relay. All three tools.
        check_every: validate once in this many updates of the condensed graph. Ours.
    """

    epochs: int = Field(default=600, ge=0)
    outer: int = Field(default=5, ge=1)
    inner: int = Field(default=0, ge=0)
    hidden: int = Field(default=256, ge=1)
    hops: int = Field(default=1, ge=0, le=4)
    distance: Literal["pairs", "means"] = "pairs"
    lr_features: float = Field(default=0.015, gt=0, le=HIGHEST_LR)
    lr_relay: float = Field(default=LR_RELAY, gt=0, le=HIGHEST_LR)
    check_every: int = Field(default=50, ge=1)

    def __post_init__(self) -> None:
        """Reject settings that would have no effect."""
        if self.inner == 0 and self.lr_relay != LR_RELAY:
            raise ValueError(
                f"lr_relay (got {self.lr_relay:g}) has no effect: with inner (got 0) relays are not trained; "
                "add --inner 1"
            )


@dataclass(frozen=True, config=STRICT)
class GCDMSettings(GCDMXSettings):
    """Settings of GCDM: those of GCDMX, and of the edges.

    It reads the modalities side by side as one feature matrix, and takes graphs with one relation, among
    nodes of the target type; others are refused.

    Attributes:
        lr_edges: learning rate of Adam for the MLP that makes the edges. GCondenser.
        edge_epochs: update the edges' MLP, and not the features, with this many relays in turn; then ...
        feature_epochs: ... the features, and not the MLP, with this many. GCondenser.
    """

    lr_edges: float = Field(default=3e-4, gt=0, le=HIGHEST_LR)
    edge_epochs: int = Field(default=10, ge=0)
    feature_epochs: int = Field(default=20, ge=1)

    def __post_init__(self) -> None:
        """Reject settings that would have no effect."""
        super().__post_init__()
        if self.hops == 0:
            raise ValueError(
                "hops (got 0) must be at least 1: no edge acts on what is compared; take --method gcdmx"
            )
