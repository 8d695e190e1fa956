"""Training the models of plans, and scoring them on test nodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from condense.datasets.load import load_dataset
from condense.device import find_device
from condense.errors import FileError, UserError
from evaluate.executors import Executor, InProcess, LostProcessError
from evaluate.grid.protocol import Protocol
from evaluate.reproduce.compare import Reproduced
from evaluate.reproduce.condensing import CondensedGraphs
from evaluate.reproduce.plan import Plan
from evaluate.reproduce.scores import Score, score_store
from evaluate.reproduce.workload import PlanWorkload, Training
from evaluate.results.record_store import RecordStore
from evaluate.training.finite import DivergedError
from evaluate.training.task import EvaluationTask

CONDENSED = "condensed"
"""The folder of condensed graphs."""
OnScores = Callable[[Sequence[Score]], None]


def reproduce(
    plan: Plan,
    root: Path,
    device: str = "auto",
    seeds: int | None = None,
    on_scores: OnScores = lambda scores: None,
    store: RecordStore[Score] | None = None,
    start: Callable[[], Executor] = InProcess,
    folder: Path | None = None,
) -> list[Reproduced]:
    """Train every model of `plan` and set its scores on the whole graph's test nodes beside published ones.

    Args:
        plan: from `read_plan`.
        root: folder of the data sets' files.
        device: where to train.
        seeds: number of trainings of each model; None for the plan's number.
        on_scores: called for each training that is kept already, then as each other one ends.
        store: of `score_store`; trainings whose scores it has are not run again.
        start: returns the executor; called only if there is anything to train.
        folder: where condensed graphs are kept; None keeps none.

    Raises:
        UserError: the data set is unknown or lacks a modality; too few seeds; a worker process was lost; a
            training diverged, in the epoch that the error names.
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
    workload = PlanWorkload(plan.entries, tasks, condensed=CondensedGraphs(folder))
    store = score_store() if store is None else store
    scores: list[Score] = []
    missing: deque[Training] = deque()
    for name in plan.entries:
        for seed in range(count):
            cells = {d: workload.cell(name, d, seed) for d in plan.datasets_of(name)}
            for dataset, cell in cells.items():
                if cell in store:
                    # Under the names of this plan, which may differ from those at the time of training.
                    known = [replace(s, dataset=dataset, model=name) for s in store.get(cell)]
                    scores.extend(known)
                    on_scores(known)
            if left := tuple(d for d, cell in cells.items() if cell not in store):
                missing.append(Training(name, seed, left))
    if missing:
        with closing(start().run(workload, missing)) as results:
            for training, result in results:
                if isinstance(result, Exception):
                    raise _explained(training, result)
                scores.extend(result)
                if result[0].cell not in store:  # One graph may have two names.
                    store.add(result)
                on_scores(result)
    return [Reproduced.of(plan.dataset_of(f), f, scores) for f in plan.published]


def reproduce_files(
    plans: Mapping[Path, Plan],
    folder: Path,
    root: Path,
    device: str = "auto",
    seeds: int | None = None,
    on_scores: OnScores = lambda scores: None,
    start: Callable[[], Executor] = InProcess,
) -> Iterator[tuple[Path, list[Reproduced] | FileError]]:
    """Yield the figures of each file, or the error why it was left out, as its plan ends.

    Args:
        plans: file -> its plan.
        folder: where scores are kept, one NAME.csv for each file; what is there is not trained again. A
            folder in it keeps condensed graphs.
        root: folder of the data sets' files.
        device: where to train.
        seeds: number of trainings of each model; None for the plans' numbers.
        on_scores: see `reproduce`.
        start: see `reproduce`.

    Raises:
        UserError: see `reproduce`.
        FileError: kept scores cannot be read, or could not be written.
    """
    for path, plan in plans.items():
        store = score_store(folder / f"{path.stem}.csv")
        try:
            condensed = folder / CONDENSED
            yield path, reproduce(plan, root, device, seeds, on_scores, store, start, condensed)
        except FileError as error:
            yield path, error


def _explained(training: Training, error: Exception) -> Exception:
    """The error of a training, with its name if it diverged, or a remedy if its process was lost."""
    if isinstance(error, DivergedError):
        return UserError(f"{training.name}, seed {training.seed}: {error}")
    if not isinstance(error, LostProcessError):
        return error
    return UserError(
        f"{training.name}, seed {training.seed}: its process was lost ({error.kind}), perhaps for "
        "lack of memory; the same command resumes, and fewer --jobs need less memory"
    )
