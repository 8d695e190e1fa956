"""One run from a graph in a file, which stays there, to a condensed one with its provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from condense.budget import Budget, RatioBase, planned
from condense.config import build
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.data.precision import Bits, check_bits
from condense.errors import UserError
from condense.io.stored_graph import StoredGraph
from condense.methods.registry import METHODS as ALL_METHODS
from condense.out_of_core.methods import METHODS, condense_on_disk
from condense.out_of_core.reading import read_graph, sorted_relations
from condense.out_of_core.room import Room
from condense.out_of_core.sizes import disk_bytes, sizes_of, whole_bytes
from condense.out_of_core.tasks import Tasks
from condense.out_of_core.workspace import Workspace
from condense.run import DivergedError, byte_budget, recorded
from condense.running.identity import identity_of, versions
from condense.running.steps import OnStep, ignore
from condense.running.timing import OnStage, StageClock
from models.choices import canonical


def condense_stored(
    stored: StoredGraph,
    ratio: float,
    method: str = "mixture",
    settings: Mapping[str, Any] | None = None,
    *,
    work: Path,
    memory: int,
    tasks: Tasks | None = None,
    ratio_base: RatioBase | None = None,
    edge_ratio: float | None = None,
    seed: int = 0,
    bits: Bits = 32,
    dataset_settings: Mapping[str, Any] | None = None,
    on_plan: Callable[[Budget], None] = lambda budget: None,
    on_stage: OnStage = lambda name: None,
    on_step: OnStep = ignore,
) -> CondensedGraph:
    """Condense a graph that need not fit in memory, in the transductive setting.

    The result is that of `condense.run.condense` up to rounding and, of features with more columns than
    `rank`, up to the signs of their coordinates, in which SR-GM draws its relays. An interrupted run goes on
    where it was if the same arguments are given again.

    Args:
        stored: a whole graph in a file, open; its test labels are never read.
        ratio: condensed target nodes as a share of the base.
        ratio_base: as of `condense.budget.plan`.
        edge_ratio: likewise.
        method: one of `METHODS`.
        settings: of the method; others keep their defaults.
        work: folder for sorted edges and propagated features; made if it does not exist, kept at the end.
        memory: bound on the resident memory of a process, in bytes.
        tasks: where blocks of rows and columns are worked on; by default in this process. Others must reach
            `work` under the same path.
        seed: seeds the only generator of the run.
        bits: of a feature, as of `condense.run.condense`.
        dataset_settings: how the whole graph was loaded, so that it can be loaded again.
        on_plan: called with the budget, once edges are counted.
        on_stage: called with the name of each stage as it begins.
        on_step: called with the progress of gradient matching.

    Raises:
        UserError: a method that needs the graph in memory, a setting or a budget that breaks a rule, or a
            folder of another run.
        FileError: the disk is full, or the graph is damaged.
        DivergedError: a number of the run is not finite; the error holds the best graph before.
    """
    method = canonical(ALL_METHODS, method, "method")
    check_bits(bits)
    if method not in METHODS:
        raise UserError(
            f"method (got {method!r}) needs the graph in memory; take {', '.join(METHODS)}, or give more "
            "--memory"
        )
    chosen: Any = build(ALL_METHODS[method].settings, settings or {}, f"method {method}")
    room, clock = Room(memory), StageClock(on_stage=on_stage)
    workspace = Workspace(work, torch.Generator().manual_seed(seed), tasks)
    with clock.stage("check"):
        fingerprint = stored.verify()
    asked = {
        "graph": fingerprint,
        "method": method,
        "settings": vars(chosen),
        "ratio": ratio,
        "ratio_base": ratio_base,
        "edge_ratio": edge_ratio,
        "seed": seed,
        "memory": memory,
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }
    workspace.begin(asked, clock)
    workspace.check_free(disk_bytes(stored, chosen))
    with clock.stage("sort"):
        relations = sorted_relations(stored, workspace, room)
    budget = planned(sizes_of(stored, relations), ratio, ratio_base, edge_ratio)
    on_plan(budget)
    with clock.stage("read"):
        graph = read_graph(stored, relations, workspace, room)

    def empty() -> MultimodalGraph:
        return _empty(stored)

    outcome = condense_on_disk(graph, budget, chosen, workspace, clock, empty, on_step)
    names = {"dataset": stored.name, "source": stored.source, "dataset_hash": fingerprint}
    run = identity_of(names, budget, method, chosen, seed, torch.device("cpu"))
    measures = {
        "memory": memory,
        "byte_budget": byte_budget(whole_bytes(stored), stored.num_nodes[stored.target], budget),
    }
    condensed = recorded(outcome, run, budget, bits, clock, measures, dataset_settings)
    if outcome.diverged:
        raise DivergedError(outcome.diverged, condensed)
    return condensed


def _empty(stored: StoredGraph) -> MultimodalGraph:
    graph = MultimodalGraph()
    graph.target, graph.num_classes = stored.target, stored.num_classes
    graph.name, graph.source = stored.name, stored.source
    return graph
