"""Mixture: clusters and, where models learn better from it, how nodes lie around their means; no training.

A mixture of factor analysers (Ghahramani & Hinton, 1996) over nodes together with their neighbourhoods. Its
means are those of clusters under guessed classes; its covariance is the graph's spread, see
`condense.data.spread`, from which a new graph is drawn for each epoch of a training. Where labels are few,
means alone serve models better, so by default small models choose on validation nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from condense.clustering.settings import Space, SpreadChoice
from condense.config import STRICT
from condense.methods.coarsening import CoarseningSettings

if TYPE_CHECKING:
    from condense.methods.protocol import Outcome, Task


@dataclass(frozen=True, config=STRICT)
class MixtureSettings(CoarseningSettings):
    """Settings of the mixture: those of coarsening, with another `space`, and `spread`.

    Attributes:
        space: cluster target nodes by meta-path-"propagated" features, their "own" features, or "both";
            see `condense.clustering.coordinates`.
        spread: keep how the clusters' members and their neighbours spread around the means, from which a
            graph is drawn for each epoch of a training ("on"), or do not ("off"), or let three small models
            choose on validation nodes ("auto"). See `condense.data.spread`.
    """

    space: Space = "both"
    spread: SpreadChoice = "auto"


def condense(task: Task, settings: MixtureSettings) -> Outcome:
    """Coarsen the graph, and keep its spread as asked."""
    from condense.methods.coarsening import coarsened
    from condense.methods.protocol import Outcome
    from condense.methods.spread_choice import spread_as_asked

    small, partition = coarsened(task, settings)
    small, measures = spread_as_asked(settings.spread, small, partition, task)
    return Outcome(small, measures=measures)
