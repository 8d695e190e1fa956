"""Herding (Welling 2009): labelled nodes whose mean follows the class mean, with the edges among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field
from pydantic.dataclasses import dataclass

from condense.config import STRICT

if TYPE_CHECKING:
    from condense.methods.protocol import Outcome, Task


@dataclass(frozen=True, config=STRICT)
class HerdingSettings:
    """Settings of herding.

    Attributes:
        hops: length of the longest meta-path, in relations, of the features that nodes are compared by.
        rank: reduce each modality to at most this many coordinates; fewer remain where there are many
            meta-paths. See `condense.clustering.reduction` and `condense.clustering.propagation.WIDEST`.
    """

    hops: int = Field(default=2, ge=0, le=4)
    rank: int = Field(default=256, ge=1)


def condense(task: Task, settings: HerdingSettings) -> Outcome:
    """Select n'_c training nodes of each class by herding.

    Nodes of other types are drawn at random, neighbours of the selected nodes first.

    Raises:
        BudgetError: a class has fewer training nodes than its budget.
    """
    from condense.methods.protocol import Outcome
    from condense.selection.herding import herd
    from condense.selection.representatives import representatives

    hops, rank = settings.hops, settings.rank
    return Outcome(
        representatives(task.graph, task.budget, hops, rank, herd, task.generator, task.clock)
    )
