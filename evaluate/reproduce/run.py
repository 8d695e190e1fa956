"""Training what a plan says, and scoring it on test nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from condense.datasets.load import load_dataset
from condense.run import find_device
from evaluate.grid.protocol import Protocol
from evaluate.reproduce.compare import Reproduced
from evaluate.reproduce.drivers import Executor, InProcess
from evaluate.reproduce.plan import Plan
from evaluate.reproduce.scores import Score
from evaluate.reproduce.training import Stage, Training
from evaluate.training.task import EvaluationTask


def reproduce(
    plan: Plan,
    root: Path,
    device: str = "auto",
    seeds: int | None = None,
    on_scores: Callable[[Sequence[Score]], None] = lambda scores: None,
    known: Mapping[str, Sequence[Score]] = MappingProxyType({}),
    start: Callable[[], Executor] = InProcess,
) -> list[Reproduced]:
    """Train every model of `plan` on the whole graph and set its test scores beside the published ones.

    Args:
        plan: from `read_plan`.
        root: folder of the data sets' files.
        device: where to train.
        seeds: in place of the plan's number.
        on_scores: called for each training that is known, then as each other one ends.
        known: scores of earlier runs by their `cell`; these trainings are not run again.
        start: what gives the driver; called if there is anything to train.

    Raises:
        UserError: the data set is unknown, or has no such modality; a seed too few.
        FileError: its files are missing or damaged; simulated ones do not count.
    """
    count = plan.experiment.seeds if seeds is None else seeds
    Protocol(tuple({entry.model for entry in plan.entries.values()}), count).check()
    tasks = {
        name: EvaluationTask.of(
            load_dataset(name, root, "real", plan.experiment.modalities),
            find_device(device),
            scaling=plan.experiment.scaling,
        )
        for name in plan.datasets
    }
    for task in tasks.values():
        task.check_testable()
    stage = Stage(plan.entries, tasks)
    scores: list[Score] = []

    def add(found: Sequence[Score]) -> None:
        scores.extend(found)
        on_scores(found)

    missing = []
    for name in plan.entries:
        for seed in range(count):
            cells = {d: stage.cell(name, d, seed) for d in plan.datasets_of(name)}
            for dataset, cell in cells.items():
                if cell in known:
                    # Under the names of this plan, which may be others than when it was trained.
                    add([replace(s, dataset=dataset, model=name) for s in known[cell]])
            if left := tuple(d for d, cell in cells.items() if cell not in known):
                missing.append(Training(name, seed, left))
    if missing:
        with closing(start().run(stage, missing)) as results:
            for found in results:
                add(found)
    return [Reproduced.of(plan.dataset_of(f), f, scores) for f in plan.published]
