"""The settings of HetCRF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.hetcrf.contrastive import Negatives
from models.hetcrf.generative import Decoding


@dataclass(frozen=True)
class HetCRFSettings:
    """Settings of `HetCRF`; where no source is named, the value is ours.

    The paper's are not known. `strongest`, the learning rate and the number of epochs were chosen on ACM's
    and DBLP's validation nodes; the others were not searched.

    Attributes:
        hidden: width of all embeddings; a multiple of `heads`.
        heads: attention heads (HGMAE's).
        layers: rounds of the encoder.
        dropout: share of units dropped at the input of each round while training.
        input_dropout: share of feature columns dropped in each training step.
        encoder: "han", "hgt" or "rgcn".
        hops: the longest meta-path.
        strongest: neighbours a node keeps in each meta-path graph.
        feature_mask: share of nodes whose features are masked (HGMAE's .5 at the start).
        replaced: share of these that get another node's features (HGMAE's on ACM).
        kept: share of these that keep theirs (HGMAE's on ACM).
        edge_mask: share of edges dropped in the generative channel (HGMAE's on ACM).
        decoder: "linear" or "han"; see generative.py.
        feature_power: γ of the features' error.
        structure_power: γ of the structure's error (HGMAE's).
        projected: width at which views are compared (HeCo's).
        temperature: τ, at least .05.
        positives: nodes joined by meta-paths that count as positive; 0 for none (HeCo's 5 on ACM).
        deviated: share of each cluster that is deviated; 0 for no augmentation by clusters.
        central: a cluster's nodes that are positives of its deviated ones.
        clusters: of k-means; the number of classes by default.
        refresh: steps between two rounds of k-means; the first comes after as many.
        negatives: "all", "hard" or "apart"; see contrastive.py.
        views: "embedding", or "raw": both views are the fusion view, one of masked features and one of
            dropped edges.
        feature_weight: w_feature.
        structure_weight: w_structure.
        contrast_weight: w_contrast; 0 for no contrastive channel, and both others 0 for no generative one.
        learns_from: what trains the encoder: "graph", the loss above, without labels; or, as controls,
            "labels", the cross-entropy alone (an end-to-end HAN, if w_contrast is 0), and "nothing",
            which leaves it as it was drawn. The head learns the labels in any case.
    """

    hidden: int = 128
    heads: int = 4
    layers: int = 1
    dropout: float = 0.3
    input_dropout: float = 0.3
    encoder: str = "han"
    hops: int = 4
    strongest: int = 32
    feature_mask: float = 0.5
    replaced: float = 0.2
    kept: float = 0.3
    edge_mask: float = 0.7
    decoder: Decoding = "linear"
    feature_power: float = 2.0
    structure_power: float = 3.0
    projected: int = 64
    temperature: float = 0.5
    positives: int = 5
    deviated: float = 0.1
    central: int = 5
    clusters: int | None = None
    refresh: int = 20
    negatives: Negatives = "all"
    views: Literal["embedding", "raw"] = "embedding"
    feature_weight: float = 1.0
    structure_weight: float = 1.0
    contrast_weight: float = 1.0
    learns_from: Literal["graph", "labels", "nothing"] = "graph"

    def __post_init__(self) -> None:
        """Raise for settings that contradict each other."""
        if self.hidden % self.heads:
            near = self.heads * max(1, self.hidden // self.heads)
            raise ValueError(
                f"hidden (got {self.hidden}) must be a multiple of heads ({self.heads}); try {near}"
            )
        if not (self.generates or self.contrasts):
            raise ValueError(
                "contrast_weight (got 0, like feature_weight and structure_weight) leaves nothing to "
                "learn; make one of them positive"
            )
        self._check_ranges()
        if self.temperature < 0.05:
            raise ValueError(
                f"temperature (got {self.temperature}) must be at least 0.05, below which sums vanish "
                "in single precision; try 0.5"
            )
        if self.replaced + self.kept >= 1:
            raise ValueError(
                f"replaced + kept (got {self.replaced + self.kept}) must be less than 1, or no feature "
                "is masked; try 0.2 and 0.3"
            )

    def _check_ranges(self) -> None:
        for name in ("feature_mask", "edge_mask", "deviated"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} (got {value}) must be a share, 0 to 1; try 0.5")
        least = {"layers": 1, "strongest": 1, "projected": 1, "refresh": 1, "positives": 0}
        for name, low in {**least, "central": 0, "hops": 0}.items():
            value = getattr(self, name)
            if value < low:
                raise ValueError(
                    f"{name} (got {value}) must be at least {low}; leave it out for the default"
                )
        if self.clusters is not None and self.clusters < 1:
            raise ValueError(
                f"clusters (got {self.clusters}) must be at least 1; leave it out for the number of classes"
            )

    @property
    def generates(self) -> bool:
        """Whether there is a generative channel."""
        return self.feature_weight > 0 or self.structure_weight > 0

    @property
    def contrasts(self) -> bool:
        """Whether there is a contrastive channel."""
        return self.contrast_weight > 0


TRAINING = {"lr": 0.003, "weight_decay": 0.0}
SPACE = {"layers": (1, 2), "temperature": (0.3, 0.5, 0.8), "feature_mask": (0.3, 0.5, 0.7)}
