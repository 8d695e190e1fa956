"""k-center: labelled nodes that leave no node of their class far away, with the edges among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT

if TYPE_CHECKING:
    from condense.methods.protocol import Outcome, Task


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


def condense(task: Task, settings: KCenterSettings) -> Outcome:
    """Keep n'_c spread-out training nodes of each class; of other types, random neighbours of these first.

    Raises:
        BudgetError: a class has fewer training nodes than its budget.
    """
    from condense.methods.protocol import Outcome
    from condense.selection.farthest_first import farthest_first
    from condense.selection.representatives import representatives

    hops, rank = settings.hops, settings.rank
    return Outcome(
        representatives(
            task.graph, task.budget, hops, rank, farthest_first, task.generator, task.clock
        )
    )
