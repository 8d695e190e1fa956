"""Baselines condensed at the budgets of condensed files, once, and kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condense.budget import Budget
from condense.config import build
from condense.data.condensed import CondensedGraph, Provenance
from condense.data.fingerprint import Digest
from condense.data.graph import MultimodalGraph
from condense.data.plain_json import spell
from condense.device import find_device
from condense.errors import FileError
from condense.io import load_condensed, save
from condense.io.stored_graph import open_stored
from condense.methods.registry import METHODS
from condense.methods.spec import label
from condense.out_of_core.run import condense_stored
from condense.out_of_core.workspace import discard, folder_beside
from condense.run import condense
from condense.running.identity import identity
from evaluate.training.on_disk.task import StoredTask

logger = logging.getLogger(__name__)


def condense_stored_baseline(
    task: StoredTask,
    like: Provenance,
    method: str,
    settings: Mapping[str, Any],
    folder: Path,
    fresh: bool = False,
) -> CondensedGraph:
    """`condense_baseline` from a graph that stays on disk.

    Args:
        task: the whole graph.
        like: provenance of the file that the baseline is compared with.
        method: a name in `METHODS`.
        settings: settings of the method; others keep their defaults.
        folder: of the kept files.
        fresh: whether to condense again and replace the file.

    Raises:
        UserError: a method that needs the graph in memory, see `condense_stored`.
    """
    chosen = build(METHODS[method].settings, settings, f"method {method}")
    digest, name = Digest(), label(method, settings)
    run = [task.fingerprint, method, vars(chosen), like.ratio, like.edge_ratio, like.seed]
    digest.record(json.loads(json.dumps(spell(run))))
    path = folder / f"{method}-seed{like.seed}-{digest.hexdigest()[:16]}.h5"
    if not fresh and (kept := _kept(path)) is not None:
        return kept
    logger.info("condensing %s, seed %d", name, like.seed)
    folder.mkdir(parents=True, exist_ok=True)
    with open_stored(task.path) as stored:
        condensed = condense_stored(
            stored,
            like.ratio,
            method,
            settings,
            work=folder_beside(path),
            memory=task.graph.room.memory,
            ratio_base="all",
            edge_ratio=like.edge_ratio,
            seed=like.seed,
        )
    save(path, condensed)
    discard(folder_beside(path))
    return condensed


def condense_baseline(
    graph: MultimodalGraph,
    budget: Budget,
    method: str,
    settings: Mapping[str, Any],
    seed: int,
    device: str,
    folder: Path | None = None,
    fresh: bool = False,
) -> CondensedGraph:
    """Condense `graph`, or read the file that an earlier call with the same identity left in `folder`.

    Args:
        graph: the whole graph.
        budget: the budget of the file that the baseline is compared with.
        method: a name in `METHODS`.
        settings: settings of the method; others keep their defaults.
        seed: seed of the condensation.
        device: where to condense.
        folder: folder of the kept files; None keeps none.
        fresh: whether to condense again and replace the file.

    Raises:
        KeyboardInterrupt: Ctrl-C; an incomplete graph is no baseline.
        UserError: see `condense`.
    """
    chosen = build(METHODS[method].settings, settings, f"method {method}")
    name, path = label(method, settings), None
    if folder is not None:
        digest = Digest()
        run = identity(graph, budget, method, chosen, seed, find_device(device))
        digest.record(json.loads(json.dumps(spell(run))))
        path = folder / f"{method}-seed{seed}-{digest.hexdigest()[:16]}.h5"
        if not fresh and (kept := _kept(path)) is not None:
            return kept
    logger.info("condensing %s, seed %d", name, seed)
    condensed = condense(graph, budget, method, settings, seed=seed, device=device)
    if not condensed.provenance.complete:
        raise KeyboardInterrupt
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, condensed)
    return condensed


def _kept(path: Path) -> CondensedGraph | None:
    """The graph that an earlier run condensed; None if there is none, or it is damaged."""
    if not path.exists():
        return None
    try:
        return load_condensed(path)
    except FileError as error:
        logger.warning("%s; it is condensed again", error)
        return None
