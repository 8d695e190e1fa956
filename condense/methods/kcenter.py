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
        hops: length of the longest meta-path, in relations, of the features that nodes are compared by.
        rank: reduce each modality to at most this many coordinates; fewer remain where there are many
            meta-paths. See `condense.clustering.reduction` and `condense.clustering.propagation.WIDEST`.
    """

    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)


def condense(task: Task, settings: KCenterSettings) -> Outcome:
    """Select n'_c training nodes of each class, farthest first.

    Nodes of other types are drawn at random, neighbours of the selected nodes first.

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
