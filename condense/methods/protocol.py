"""What every way of condensing offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch

from condense.budget import Budget
from condense.data.graph import MultimodalGraph
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep
from condense.running.timing import StageClock


@dataclass(frozen=True)
class Outcome:
    """What a run leaves.

    Attributes:
        graph: the condensed graph, in the data set's units.
        history: one record a logged step.
        measures: numbers about the result.
        complete: False where the run was interrupted or diverged; `graph` is then the best so far.
        diverged: what is no longer finite, if anything is.
    """

    graph: MultimodalGraph
    history: list[dict[str, float]] = field(default_factory=list)
    measures: dict[str, float] = field(default_factory=dict)
    complete: bool = True
    diverged: str = ""


class Condenser(Protocol):
    """One method with its settings."""

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
        """Condense `graph` within `budget`.

        Args:
            graph: features complete, test labels hidden (−1); it is not changed. All that is condensed
                comes from here; in the inductive setting it has training nodes only.
            validation: the graph in which validation nodes may be scored, by what selects and by nothing
                else; `graph` itself in the transductive setting.
            budget: counts to keep.
            generator: the only source of randomness, on the graph's device.
            clock: to be told which stage is running.
            on_step: called as the run proceeds.
            checkpoints: may hold a state to go on from, and takes states from a long loop. Everything
                before the loop follows from the seed and is done again.

        Raises:
            UserError: the budget or a setting does not suit this graph.
        """
        ...
