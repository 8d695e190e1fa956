"""One run from a whole graph to a condensed one with its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from condense.budget import Budget
from condense.config import build
from condense.data.condensed import CondensedGraph, Provenance
from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels, num_bytes, num_target
from condense.data.inductive import training_part, validation_part
from condense.data.precision import Bits, check_bits, rounded
from condense.data.reduction import SparseReduction
from condense.data.rules.check import check
from condense.data.rules.values import Size
from condense.data.sparse import is_sparse, visible_entries
from condense.device import find_device
from condense.edges.statistics import edge_numbers_of
from condense.errors import UserError
from condense.io.names import joined
from condense.methods.protocol import Outcome, Task
from condense.methods.registry import METHODS
from condense.running.checkpoints import Checkpoints
from condense.running.identity import identity
from condense.running.steps import OnStep, ignore
from condense.running.timing import OnStage, StageClock
from models.choices import canonical
from models.schema import FEATURE_PREFIX, modality_names, present


class DivergedError(UserError):
    """A run whose numbers are no longer finite.

    Attributes:
        best: the best condensed graph that it had before, marked incomplete.
    """

    def __init__(self, message: str, best: CondensedGraph) -> None:
        super().__init__(message)
        self.best = best


def condense(
    graph: MultimodalGraph,
    budget: Budget,
    method: str = "mixture",
    settings: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    bits: Bits = 32,
    dataset_settings: Mapping[str, Any] | None = None,
    on_step: OnStep = ignore,
    checkpoints: Checkpoints | None = None,
    on_stage: OnStage = lambda name: None,
) -> CondensedGraph:
    """Condense `graph`; its test labels are hidden before anything reads them.

    In the inductive setting the condenser sees the sub-graph of the training nodes alone.

    Args:
        graph: a whole graph.
        budget: from `condense.budget.plan`; it also says in which setting.
        method: a name in `METHODS`, in any spelling.
        settings: settings of the method; others keep their defaults.
        seed: seeds the only generator of the run.
        device: "auto" (a GPU where there is one), "cpu", "cuda", …
        bits: of a feature, 32, 16 or 8, except where that would change it, see `condense.data.precision`; at
            most 16 for a graph with a spread.
        dataset_settings: how the whole graph was loaded, so that it can be loaded again.
        on_step: called with the progress of the run.
        checkpoints: where the run keeps the states from which it can be resumed; by default nowhere.
        on_stage: called with the name of each stage as it begins.

    Returns:
        The condensed graph on the CPU. After a Ctrl-C during matching it is the best so far, and
        `provenance.complete` is False.

    Raises:
        UserError: a graph, a budget or a setting that breaks a rule, or another run to be resumed.
        DivergedError: a number of the run is not finite; the error holds the best graph before.
        KeyboardInterrupt: Ctrl-C before the first graph.
    """
    method = canonical(METHODS, method, "method")
    check_bits(bits)
    entry = METHODS[method]
    method_settings = build(entry.settings, settings or {}, f"method {method}")
    check(graph, "whole")
    _check_size(graph)
    torch_device = find_device(device)
    run = identity(graph, budget, method, method_settings, seed, torch_device)
    clock = StageClock(torch_device, on_stage=on_stage)
    checkpoints = checkpoints or Checkpoints(None)
    checkpoints.begin(run, clock)
    with clock.stage("prepare"):
        hidden = hide_test_labels(graph)
        subgraph = training_part(hidden, budget.setting)
        # Sparse features are reduced before completion, which makes dense means of them.
        reduction = SparseReduction.fit(subgraph.graph)
        visible = validation = complete(reduction.apply(subgraph.graph)).to(torch_device)
        if budget.setting == "inductive":
            part = reduction.apply(validation_part(hidden, budget.setting).graph)
            validation = complete(part).to(torch_device)
    generator = torch.Generator(torch_device).manual_seed(seed)
    task = Task(visible, validation, budget, generator, clock, on_step, checkpoints)
    outcome = entry.condense(task, method_settings)
    reductions = reduction.record()
    measures = {
        **({"resumed_from": checkpoints.resumed} if checkpoints.resumed else {}),
        **({"reductions": reductions} if reductions else {}),
        "byte_budget": byte_budget(num_bytes(subgraph.graph), num_target(subgraph.graph), budget),
    }
    condensed = recorded(outcome, run, budget, bits, clock, measures, dataset_settings)
    graph_in_whole = subgraph.in_whole_numbers(condensed.graph)
    condensed = CondensedGraph(graph_in_whole, condensed.provenance)
    if outcome.diverged:
        raise DivergedError(outcome.diverged, condensed)
    return condensed


def recorded(
    outcome: Outcome,
    run: Mapping[str, Any],
    budget: Budget,
    bits: Bits,
    clock: StageClock,
    measures: Mapping[str, Any],
    dataset_settings: Mapping[str, Any] | None,
) -> CondensedGraph:
    """A condensed graph on the CPU, rounded, with its provenance.

    Args:
        outcome: of the method.
        run: see `condense.running.identity`.
        budget: that it kept.
        bits: of a feature.
        clock: of the run.
        measures: beside those of the outcome.
        dataset_settings: how the whole graph was loaded.
    """
    small, wider = rounded(outcome.graph, bits)
    provenance = Provenance(
        **run,
        dataset_settings=dict(dataset_settings or {}),
        stages=clock.spent(),
        complete=outcome.complete,
        history=outcome.history,
        measures={
            **outcome.measures,
            **edge_numbers_of(outcome.graph),
            **measures,
            **({"diverged": outcome.diverged} if outcome.diverged else {}),
            **({"bits": bits} if bits != 32 else {}),
            **({"wider": wider} if wider else {}),
            "edge_budget": {joined(r): count for r, count in budget.edges.items()},
        },
    )
    return CondensedGraph(small.to("cpu"), provenance)


def byte_budget(whole: int, nodes: int, budget: Budget) -> int:
    """The bytes that a condensed graph may have: the share of target nodes that it keeps, of all bytes.

    Args:
        whole: bytes of the graph that is condensed; `num_bytes` counts its features, edges, masks and labels.
        nodes: its target nodes.
        budget: how many of them are kept.
    """
    return round(whole * sum(budget.classes) / nodes)


def _check_size(graph: MultimodalGraph) -> None:
    """Raise for features whose sums would overflow while they are condensed."""
    for node_type in graph.node_types:
        for modality in modality_names(graph[node_type]):
            store = graph[node_type]
            if is_sparse(store[FEATURE_PREFIX + modality]):
                x = torch.from_numpy(visible_entries(store, modality).data)
            else:
                x, has = store[FEATURE_PREFIX + modality].detach(), present(store, modality)
                x = x if bool(has.all()) else x[has]  # No copy in the usual case.
            size = Size(f"graph[{node_type!r}].{FEATURE_PREFIX}{modality}")
            size.add(x)
            size.check()
