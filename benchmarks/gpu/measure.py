"""Condenses or trains in this process, and measures what it costs."""

from __future__ import annotations

from pathlib import Path

import torch

from benchmarks.equal_bytes.comparison import SOURCES
from benchmarks.gpu.rows import TOTAL, Job, Row, Setup, Synchronisation, facts
from benchmarks.gpu.synchronisations import counted_synchronisations
from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.datasets.load import load_dataset
from condense.io import load_condensed, save
from condense.methods.spec import parse
from condense.run import condense
from condense.running.timing import peak_bytes
from evaluate.results.rows import WHOLE
from evaluate.training.model_spec import parse_model
from evaluate.training.task import EvaluationTask
from evaluate.training.train import Check, TrainSettings, train
from evaluate.training.tune import candidates
from models.seeding import seeded


def load(dataset: str, root: Path) -> MultimodalGraph:
    """The whole graph; AMAZON-1 simulated, wherever its files are.

    Raises:
        UserError: it cannot be loaded.
    """
    return load_dataset(dataset, root, SOURCES.get(dataset, "auto"))


def cost_of_condensing(job: Job, root: Path, file: Path) -> list[Row]:
    """Condense with seed 0 and save the graph; a row for each stage, and their total.

    Raises:
        UserError: the data set cannot be loaded, or the method does not take it.
    """
    graph = load(job.dataset, root)
    small = _condense(job, graph)
    file.parent.mkdir(parents=True, exist_ok=True)
    save(file, small)
    shared = facts(job, Setup.here(), graph.source)
    stages = small.provenance.stages
    rows = [
        Row(**shared, stage=s["name"], seconds=float(s["seconds"]), peak_bytes=int(s["peak_bytes"]))
        for s in stages
    ]
    seconds, peak = sum(row.seconds for row in rows), max(row.peak_bytes for row in rows)
    return [*rows, Row(**shared, stage=TOTAL, seconds=seconds, peak_bytes=peak)]


def cost_of_training(job: Job, root: Path, file: Path) -> list[Row]:
    """Train with seed 0 and the model's defaults for all epochs; one row.

    The training is validated half-way and at its end, which counts towards the peak alone.

    Args:
        job: a training of two epochs or more.
        root: the data folder.
        file: of the condensed graph; unused for `WHOLE`.

    Raises:
        UserError: a graph cannot be loaded.
    """
    graph = load(job.dataset, root)
    task = EvaluationTask.of(graph, torch.device(job.device_type))
    whole = job.method == WHOLE
    trained_on = task.training if whole else task.admit(load_condensed(file).graph)
    _, entry = parse_model(job.model)
    settings = TrainSettings(epochs=job.epochs, check_every=(job.epochs + 1) // 2)
    (choice,) = candidates(entry, settings, 1, 0)
    checks: list[Check] = []
    peaks: list[int] = []

    def watch(check: Check) -> None:
        checks.append(check)
        peaks.append(peak_bytes(task.device))  # Since the validation before, if there was one.

    with seeded(0):
        model = entry.build(task.schema, choice.model).to(task.device)
        trained = train(
            model,
            trained_on,
            task.validation,
            choice.training,
            entry.loss,
            on_check=watch,
            uses_edges=entry.uses_edges,
        )
    half, end = checks
    row = Row(
        **facts(job, Setup.here(), graph.source),
        stage=TOTAL,
        seconds=trained.train_seconds,
        peak_bytes=max(peaks),
        epoch_seconds=(end.train_seconds - half.train_seconds) / (end.epoch - half.epoch),
        rise_bytes=trained.peak_bytes,
    )
    return [row]


def synchronisations(job: Job, root: Path) -> list[Synchronisation]:
    """Condense once more and count the calls that wait for the GPU, most frequent first, and all of them.

    Counting takes time, so this run is not the one whose seconds are kept.

    Raises:
        UserError: as of `cost_of_condensing`.
    """
    graph = load(job.dataset, root)
    with counted_synchronisations() as calls:
        _condense(job, graph)
    shared = facts(job, Setup.here(), graph.source)
    del shared["model"], shared["epochs"]
    found = [*calls.most_common(), (TOTAL, calls.total())]
    return [Synchronisation(**shared, place=place, calls=count) for place, count in found]


def _condense(job: Job, graph: MultimodalGraph) -> CondensedGraph:
    method, settings = parse(job.method)
    return condense(graph, plan(graph, job.ratio), method, settings, device=job.device_type)
