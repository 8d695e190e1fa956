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
    """What is to be condensed, and what a run brings along.

    Attributes:
        graph: features complete, test labels hidden (−1); a method does not change it. Everything that is
            condensed comes from here. In the inductive setting it holds the training nodes only.
        validation: the graph in which validation nodes may be scored, by code that selects and by nothing
            else; `graph` itself in the transductive setting.
        budget: how many nodes and edges to keep.
        generator: the only source of randomness, on the graph's device.
        clock: measures the stages of the run.
        on_step: called as the run proceeds.
        checkpoints: may hold a state from which a long loop resumes, and takes new ones. Everything before
            the loop follows from the seed and is computed again.
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
        diverged: which number is no longer finite, or "".
    """

    graph: MultimodalGraph
    history: list[dict[str, float]] = field(default_factory=list)
    measures: dict[str, float] = field(default_factory=dict)
    complete: bool = True
    diverged: str = ""


Condenser = Callable[[Task, Any], Outcome]
"""Condenses `task.graph` within `task.budget` by the given settings.

It raises a UserError if the budget or a setting does not suit the graph.
"""
