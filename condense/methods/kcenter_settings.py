"""Settings of k-center; what they mean in the method is said in `condense.methods.kcenter`."""

from __future__ import annotations

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT


@dataclass(frozen=True, config=STRICT)
class KCenterSettings:
    """Settings of k-center.

    Attributes:
        hops: the longest meta-path of the features that it looks at.
        rank: most coordinates a modality, fewer where there are many meta-paths; see
            `condense.clustering.reduction` and `condense.clustering.propagation.WIDEST`.
    """

    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)
