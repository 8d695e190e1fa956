"""k-center: labelled nodes that leave no node of their class far away, with the edges among them.

Farthest-first traversal (Gonzalez, Theor. Comput. Sci. 38, 1985), as in core-set selection (Sener &
Savarese, ICLR 2018).
"""

from __future__ import annotations

from dataclasses import field

import torch
from jaxtyping import Float, Int
from pydantic.dataclasses import dataclass
from torch import Tensor

from condense.budget import Budget
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.methods.kcenter_settings import KCenterSettings
from condense.methods.protocol import Outcome
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep
from condense.running.timing import StageClock
from condense.selection.representatives import representatives


@dataclass(frozen=True, config=STRICT)
class KCenter:
    """n'_c spread-out training nodes of each class; other types: random neighbours of these first."""

    settings: KCenterSettings = field(default_factory=KCenterSettings)

    def condense(
        self,
        graph: MultimodalGraph,
        validation: MultimodalGraph,
        budget: Budget,
        generator: torch.Generator,
        clock: StageClock,
        on_step: OnStep,
        checkpoints: Checkpoints,
    ) -> Outcome:
        """See `Condenser`.

        Raises:
            BudgetError: a class has fewer training nodes than its budget.
        """
        s = self.settings
        return Outcome(
            representatives(graph, budget, s.hops, s.rank, farthest_first, generator, clock)
        )


def farthest_first(x: Float[Tensor, "k D"], count: int) -> Int[Tensor, " count"]:
    """`count` ≤ k rows, none twice: the one nearest to the mean, then always the farthest from all picked.

    p_i = argmax_p min_{j<i} ‖x_p − x_{p_j}‖. The greatest distance of a row to its nearest picked one
    is at most twice the least that any `count` rows can reach. Of equally far rows the first is taken.
    """
    x = x - x.mean(dim=0)
    size = x.square().sum(dim=1)  # [k]
    distance = torch.full_like(size, torch.inf)  # Squared, to the nearest picked row.
    picked = torch.empty(count, dtype=torch.long, device=x.device)
    best = size.argmin()
    for i in range(count):
        picked[i] = best
        found = (size + size[best] - 2 * (x @ x[best])).clamp_min(0)  # Rounding may fall below 0.
        distance = torch.minimum(distance, found)
        distance[best] = -1  # Rows that coincide with a picked one are at 0: still before it.
        best = distance.argmax()
    return picked
