"""The settings of SHGP."""

from __future__ import annotations

from dataclasses import dataclass

from models.layers.late_fusion import Fusion


@dataclass(frozen=True)
class SHGPSettings:
    """Settings of `SHGP`; unless noted otherwise, the defaults are those of the authors' public code on ACM.

    Attributes:
        hidden: width of all embeddings.
        attention: width of queries and keys.
        layers: rounds of message passing, and of label propagation in one sweep.
        dropout: share of units dropped between layers and of what attention reads, while training.
        input_dropout: share of feature columns dropped in each training step; the authors drop none, ours was
            chosen on ACM's validation nodes.
        clusters: the most pseudo-labels, a twentieth of ACM's papers; see `label_count`.
        warm: steps that learn the first pseudo-labels; the authors' on DBLP is 20, on IMDB 50.
        sweeps: the most sweeps of one label propagation.
        fusion: of the modalities, before the propagation or after it; see `models.layers.late_fusion`.
    """

    hidden: int = 256
    attention: int = 64
    layers: int = 2
    dropout: float = 0.5
    input_dropout: float = 0.5
    clusters: int = 200
    warm: int = 10
    sweeps: int = 1000
    fusion: Fusion = "early"

    def __post_init__(self) -> None:
        """Raise for settings that contradict each other."""
        least = {"hidden": 1, "attention": 1, "layers": 1, "clusters": 2, "warm": 1, "sweeps": 1}
        for name, low in least.items():
            value = getattr(self, name)
            if value < low:
                raise ValueError(
                    f"{name} (got {value}) must be at least {low}; leave it out for the default"
                )
        for name in ("dropout", "input_dropout"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise ValueError(f"{name} (got {value}) must lie in [0, 1); try 0.5")


@dataclass(frozen=True)
class LateSHGPSettings(SHGPSettings):
    """Settings of `SHGP` that fuses late."""

    fusion: Fusion = "late"


# The weight decay is the authors'; they have a learning rate of .008 on ACM, .005 on IMDB, .0005 on MAG.
TRAINING = {"lr": 0.003, "weight_decay": 5e-4}
SPACE = {"clusters": (50, 100, 200), "warm": (10, 20, 50), "input_dropout": (0.0, 0.5, 0.8)}
