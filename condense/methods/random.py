"""Random: labelled nodes drawn at random, with the edges among them and their neighbours."""

from __future__ import annotations

from dataclasses import field

import torch
from pydantic.dataclasses import dataclass

from condense.budget import Budget
from condense.config import STRICT
from condense.data.graph import MultimodalGraph
from condense.methods.protocol import Outcome
from condense.methods.random_settings import RandomSettings
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep
from condense.running.timing import StageClock
from condense.selection.induced import around
from condense.selection.representatives import training_nodes


@dataclass(frozen=True, config=STRICT)
class Random:
    """n'_c random training nodes of each class; other types: random neighbours of these first."""

    settings: RandomSettings = field(default_factory=RandomSettings)

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
        with clock.stage("select"):
            drawn = []
            for nodes, count in zip(training_nodes(graph, budget), budget.classes, strict=True):
                order = torch.randperm(len(nodes), generator=generator, device=nodes.device)
                drawn.append(nodes[order[:count]])
            return Outcome(around(graph, torch.cat(drawn), budget, generator))
