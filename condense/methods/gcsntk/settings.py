"""Settings of GC-SNTK; `condense.methods.gcsntk.method` explains the method and names the sources."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import HIGHEST_LR, STRICT


@dataclass(frozen=True, config=STRICT)
class GCSNTKSettings:
    """Settings of GC-SNTK, by default those of its paper (table 2) and its authors' code for Cora.

    It reads the modalities side by side as one feature matrix, and as edges the union of the meta-paths
    back to the target type; it saves neither edges nor nodes of other types.

    Attributes:
        epochs: passes over the training nodes; one update of the condensed graph for each batch. The
            authors' commands for all data sets.
        hops: how often the whole graph's features are propagated before the kernel reads them. The
            authors' code for Cora; the paper's text says once, the code for arxiv too.
        aggregations: K, how often the kernel takes the mean over neighbours; at least 1. Table 2; 1 for
            arxiv and Flickr.
        layers: L, layers of the infinitely wide network after each aggregation. Table 2; 1 for arxiv and
            Flickr.
        ridge: λ, in units of the mean diagonal entry of K_SS, as in the authors' code. Table 2: 1 for Cora,
            1e-3 for Pubmed, 1e-5 for arxiv and Flickr.
        start: X' starts "uniform", from random numbers in [0, 1) as in the authors' code, or from random
            training "nodes".
        learn_labels: learn Y' along with X', as in the authors' code; the graph then has soft labels.
        lr: learning rate of Adam for X', which has unit scale, and Y'. Table 2; 1e-3 for arxiv and Flickr.
        batch: training nodes an update; more are divided into batches by k-means. Ours; the authors take
            all of Cora's and Pubmed's, and about 500 of arxiv's.
        check_every: validate once in this many updates. Ours.
    """

    epochs: int = Field(default=200, ge=0)
    hops: int = Field(default=3, ge=0, le=4)
    aggregations: int = Field(default=2, ge=1, le=5)
    layers: int = Field(default=2, ge=1, le=5)
    ridge: float = Field(default=1.0, ge=1e-6, le=1e6)
    start: Literal["uniform", "nodes"] = "uniform"
    learn_labels: bool = True
    lr: float = Field(default=0.01, gt=0, le=HIGHEST_LR)
    batch: int = Field(default=2000, ge=1, le=10_000)
    check_every: int = Field(default=10, ge=1)
