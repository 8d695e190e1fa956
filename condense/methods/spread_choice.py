"""Whether a condensed graph keeps its spread: as asked, or as models on validation nodes have it."""

from __future__ import annotations

from typing import Any

from condense.clustering.settings import SpreadChoice
from condense.clustering.spread import attached, with_spread
from condense.data.graph import MultimodalGraph
from condense.edges.partition import EdgesBetweenClusters
from condense.judging.judge import Judge, best_of
from condense.methods.protocol import Task
from condense.running.threads import one_thread


def spread_as_asked(
    choice: SpreadChoice,
    graph: MultimodalGraph,
    partition: EdgesBetweenClusters,
    task: Task,
    unmatched: MultimodalGraph | None = None,
) -> tuple[MultimodalGraph, dict[str, Any]]:
    """The condensed graph with or without its spread, and what was judged.

    Args:
        choice: keep it, or not, or let small models choose on validation nodes.
        graph: condensed from `task.graph`; its target nodes are clusters of `partition`.
        partition: of the nodes of `task.graph`.
        task: the run; measuring and judging are stages of it.
        unmatched: the graph before gradient matching, which sees no draws; judged with the spread as well.
    """
    if choice == "off":
        return graph, {}
    with task.clock.stage("spread"):
        measured = with_spread(graph, task.graph, partition, task.generator)
    if choice == "on":
        return measured, {}
    with task.clock.stage("judge"), one_thread():
        judge = Judge.of(task.graph, task.validation, task.generator)
        candidates = {"off": graph}
        if unmatched is not None:
            candidates["on, unmatched"] = attached(unmatched, measured.spread)
        candidates["on"] = measured
        kept, scores = best_of(judge, candidates)
    return candidates[kept], {"spread": kept, "judged": scores}
