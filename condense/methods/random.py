"""Random: labelled nodes drawn at random, with the edges among them and their neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from condense.config import STRICT

if TYPE_CHECKING:
    from condense.methods.protocol import Outcome, Task


@dataclass(frozen=True, config=STRICT)
class RandomSettings:
    """Random selection has no settings."""


def condense(task: Task, settings: RandomSettings) -> Outcome:
    """Select n'_c random training nodes of each class.

    Nodes of other types are drawn at random, neighbours of the selected nodes first.

    Raises:
        BudgetError: a class has fewer training nodes than its budget.
    """
    from condense.methods.protocol import Outcome
    from condense.selection.induced import subgraph_around
    from condense.selection.representatives import drawn, training_nodes

    with task.clock.stage("select"):
        members = training_nodes(task.graph, task.budget)
        nodes = drawn(members, task.budget.classes, task.generator)
        return Outcome(subgraph_around(task.graph, nodes, task.budget, task.generator))
