"""Settings of MSGC; `condense.methods.msgc.method` explains the method."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT
from condense.methods.gcond.settings import (
    MOST_LR,
    TrainedRelaySettings,
    TurnSettings,
)


@dataclass(frozen=True, config=STRICT)
class MSGCSettings(TurnSettings, TrainedRelaySettings):
    """Settings of MSGC, those of the authors' code for Cora (parameters.py).

    Settings that GCond has too have the same values in both codes; their descriptions name GCond's sources.
    "mse" and the scaling of features are not in MSGC's code.

    It reads the modalities side by side as one feature matrix, and takes graphs with one relation, among
    nodes of the target type; others are refused.

    Attributes:
        graphs: how many graphs the condensed nodes make; more graphs have fewer distinct nodes. 0 takes
            √(16 n' / 35), rounded down, for n' condensed nodes: graphs and distinct nodes are in the
            proportion of the authors' command for Cora, 16 graphs of 35 nodes.
        start: features start from the "mean" of their class (the authors' for Cora), from the means of
            "clusters" of it (Citeseer, arxiv), or from random training "nodes" (Flickr, Reddit).
        lr_edges: learning rate of Adam for the MLP that weights the edges.
    """

    graphs: int = Field(default=0, ge=0)
    start: Literal["mean", "clusters", "nodes"] = "mean"
    lr_edges: float = Field(default=1e-4, gt=0, le=MOST_LR)
