"""Random: labelled nodes drawn at random, with the edges among them and their neighbours."""

from __future__ import annotations

from dataclasses import field

import torch
from pydantic.dataclasses import dataclass

from condense.budget import Budget
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.errors import BudgetError
from condense.methods.protocol import OnStep, Outcome
from condense.selection import induced, with_neighbours
from condense.stages import StageClock


@dataclass(frozen=True, config=STRICT)
class RandomSettings:
    """Random selection has no settings."""


@dataclass(frozen=True, config=STRICT)
class Random:
    """n'_c random training nodes of each class; other types: random neighbours of these first."""

    settings: RandomSettings = field(default_factory=RandomSettings)

    def condense(
        self,
        graph: MultimodalGraph,
        budget: Budget,
        generator: torch.Generator,
        clock: StageClock,
        on_step: OnStep,
    ) -> Outcome:
        """See `Condenser`.

        Raises:
            BudgetError: a class has fewer training nodes than its budget.
        """
        store = graph[graph.target]
        with clock.stage("select"):
            drawn = []
            for c, count in enumerate(budget.classes):
                nodes = (store.train_mask & (store.y == c)).nonzero().flatten()
                if len(nodes) < count:
                    raise BudgetError(
                        f"ratio (n' = {budget.nodes[graph.target]}) asks for {count} training nodes "
                        f"of class {c}, which has {len(nodes)}; lower --ratio, or use --method kmeans"
                    )
                order = torch.randperm(len(nodes), generator=generator, device=nodes.device)
                drawn.append(nodes[order[:count]])
            chosen = with_neighbours(graph, torch.cat(drawn), budget, generator)
            return Outcome(induced(graph, chosen, budget, generator))
