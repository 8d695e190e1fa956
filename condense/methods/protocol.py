"""What a condensation method is: a function of a task and of the method's settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from condense.budget import Budget
from condense.data.graph import MultimodalGraph
from condense.running.checkpoints import Checkpoints
from condense.running.steps import OnStep, ignore
from condense.running.timing import StageClock


@dataclass(frozen=True)
class Task:
    """A graph to condense, its budget, and the services of the run.

    Attributes:
        graph: the graph to condense, with complete features and hidden test labels (−1). A method does
            not change it. In the inductive setting it holds the training nodes only.
        validation: the graph on which a method may score validation nodes, for model selection only;
            `graph` itself in the transductive setting.
        budget: how many nodes and edges to keep.
        generator: the only source of randomness, on the graph's device.
        clock: measures the time of each stage.
        on_step: called after each logged step.
        checkpoints: holds the state from which a long loop resumes, if there is one, and saves new states.
            Everything before the loop follows from the seed and is computed again.
    """

    graph: MultimodalGraph
    validation: MultimodalGraph
    budget: Budget
    generator: torch.Generator
    clock: StageClock = field(default_factory=StageClock)
    on_step: OnStep = ignore
    checkpoints: Checkpoints = field(default_factory=lambda: Checkpoints(None))


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes:
        graph: the condensed graph, in the data set's units.
        history: one record per logged step.
        measures: numbers about the result.
        complete: False if the run was interrupted or diverged; `graph` is then the best so far.
        diverged: the first number that is not finite, and a remedy; "" if the run did not diverge.
    """

    graph: MultimodalGraph
    history: list[dict[str, float]] = field(default_factory=list)
    measures: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
    diverged: str = ""


Condenser = Callable[[Task, Any], Outcome]
"""Condenses `task.graph` within `task.budget`, with the method's settings.

Raises a UserError if the budget or a setting does not suit the graph.
"""
