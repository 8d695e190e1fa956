"""The settings of HERO."""

from __future__ import annotations

from dataclasses import dataclass

from models.hero.heterogeneous import Reads
from models.layers.late_fusion import Fusion


@dataclass(frozen=True)
class HEROSettings:
    """Settings of `HERO`; where no source is named, the value is ours.

    The authors tune all weights by data set; theirs for ACM and DBLP are given, α and β as α̂ and β̂ with
    n = 3025 and 4057. `reads`, `input_dropout` and the learning rate were chosen among a few on the
    validation nodes of HeCo's ACM and DBLP; the others were not searched.

    Attributes:
        hidden: d, width of both views; 128 to 512 in the authors' code.
        common: columns of P, where the views are to agree (ACM's 64; DBLP's 256).
        specific: columns of Q, where they may differ (512 on DBLP).
        changed: columns of Q̂₁ (DBLP's).
        alpha: α̂, of the distances (1.8 on ACM, 3.1 on DBLP).
        beta: β̂, of the self-expressive matrix's size (.17 on ACM, .25 on DBLP).
        gamma: γ, of uniformity (10 on ACM, 1 on DBLP).
        eta: η, of what keeps Q̂₁ from being trivial (theirs on both).
        specificity: λ, of L_spe (theirs on both); 0 for none.
        learnt_projections: whether W_g, W_q and W_p are trained; not by the authors' code.
        reads: which rounds of averages the heterogeneous view is of; see heterogeneous.py.
        input_dropout: share of feature columns dropped in each training step.
        fusion: of the modalities, before both views or after them; see `models.hero.model`.
    """

    hidden: int = 128
    common: int = 64
    specific: int = 256
    changed: int = 256
    alpha: float = 3.0
    beta: float = 0.25
    gamma: float = 1.0
    eta: float = 1.0
    specificity: float = 1.0
    learnt_projections: bool = False
    reads: Reads = "both"
    input_dropout: float = 0.5
    fusion: Fusion = "early"

    def __post_init__(self) -> None:
        """Raise for settings that contradict each other."""
        for name in ("hidden", "common", "specific", "changed"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(
                    f"{name} (got {value}) must be at least 1; leave it out for the default"
                )
        for name in ("alpha", "gamma", "eta", "specificity"):
            value = getattr(self, name)
            if value < 0:
                raise ValueError(
                    f"{name} (got {value}) must not be negative; leave it out for the default"
                )
        if not 0 <= self.input_dropout < 1:
            raise ValueError(
                f"input_dropout (got {self.input_dropout}) must lie in [0, 1); try 0.5"
            )
        if self.beta <= 0:
            raise ValueError(
                f"beta (got {self.beta}) must be positive, or the self-expressive matrix is not "
                "determined; try 0.25"
            )


@dataclass(frozen=True)
class LateHEROSettings(HEROSettings):
    """Settings of `HERO` that fuses late."""

    fusion: Fusion = "late"


TRAINING = {
    "lr": 0.001,
    "weight_decay": 0.0,
}  # Between the authors' .0025 on ACM and .0005 on DBLP.
SPACE = {"reads": ("first", "second", "both"), "alpha": (0.3, 1.0, 3.0), "gamma": (1.0, 10.0)}
