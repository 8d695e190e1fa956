"""Settings of k-means; what they mean in the method is said in `condense.methods.kmeans`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.clustering.settings import Space, TeacherKind, refuse_idle_guesses
from condense.config import STRICT


@dataclass(frozen=True, config=STRICT)
class KMeansSettings:
    """Settings of k-means.

    Attributes:
        labels: cluster "labelled" nodes alone, or all nodes under "pseudo"-labels.
        teacher: who guesses the pseudo-labels from meta-path features: a "ridge" regression, a "network"
            with one hidden layer, or "auto", the network where there are more labels than inputs.
        smooth: spread its guesses over the graph before they are taken, as far as that does better on
            validation nodes.
        space: cluster target nodes in their "own" features, in meta-path-"propagated" ones, or in "both";
            see `condense.clustering.coordinates`. What is saved are means of own features in each case.
        hops: the longest meta-path of both.
        rank: most coordinates a modality in which clusters are sought, fewer where there are many
            meta-paths; see `condense.clustering.propagation.WIDEST`.
    """

    labels: Literal["labelled", "pseudo"] = "labelled"
    teacher: TeacherKind = "auto"
    smooth: bool = True
    space: Space = "own"
    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)

    def __post_init__(self) -> None:
        """Refuse what would act on nothing."""
        refuse_idle_guesses(self)
