"""Training what a plan says, and scoring it on test nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from condense.data.datasets.registry import load_dataset
from condense.run import find_device
from evaluate.arena import Arena
from evaluate.protocol import Protocol
from evaluate.reproduce.compare import Reproduced
from evaluate.reproduce.plan import Entry, Plan
from evaluate.reproduce.protocols import Embeddings, Outcome, cell_of, end_to_end, probed
from evaluate.reproduce.scores import Score


def reproduce(
    plan: Plan,
    root: Path,
    device: str = "auto",
    seeds: int | None = None,
    on_scores: Callable[[Sequence[Score]], None] = lambda scores: None,
    known: Mapping[str, Sequence[Score]] = MappingProxyType({}),
) -> list[Reproduced]:
    """Train every model of `plan` on the whole graph and set its test scores beside the published ones.

    Args:
        plan: from `read_plan`.
        root: folder of the data sets' files.
        device: where to train.
        seeds: in place of the plan's number.
        on_scores: called as each training ends, and for those that are known.
        known: scores of earlier runs by their `cell`; these trainings are not run again.

    Raises:
        UserError: the data set is unknown, or has no such modality; a seed too few.
        FileError: its files are missing or damaged; simulated ones do not count.
    """
    count = plan.experiment.seeds if seeds is None else seeds
    Protocol(tuple({entry.model for entry in plan.entries.values()}), count).check()
    arenas = {
        name: Arena.of(
            load_dataset(name, root, "real", plan.experiment.modalities),
            find_device(device),
            scaling=plan.experiment.scaling,
        )
        for name in plan.datasets
    }
    for arena in arenas.values():
        arena.check_testable()
    scores: list[Score] = []
    embeddings = Embeddings()
    for name, entry in plan.entries.items():
        for dataset in plan.datasets_of(name):
            arena = arenas[dataset]
            for seed in range(count):
                cell = cell_of(arena, entry, seed)
                if cell not in known:
                    found = _train(arena, entry, seed, embeddings)
                    fresh = [
                        Score(cell, dataset, name, seed, metric, value, found.seconds)
                        for metric, value in found.values.items()
                    ]
                else:
                    # Under the names of this plan, which may be others than when it was trained.
                    fresh = [replace(s, dataset=dataset, model=name) for s in known[cell]]
                scores += fresh
                on_scores(fresh)
    return [Reproduced.of(plan.dataset_of(f), f, scores) for f in plan.published]


def _train(arena: Arena, entry: Entry, seed: int, embeddings: Embeddings) -> Outcome:
    if entry.pretraining is None:
        return end_to_end(arena, entry.model, entry.choice, seed)
    return probed(arena, entry, seed, embeddings)
