"""The tables of docs/results: every method × every model on every data set.

    python -m benchmarks.tables --data-root DATA_ROOT [--sets imdb acm …] [--methods …] [--models …]
    python -m benchmarks.tables --print

Rows are kept in benchmarks/rows, one file for each table and model. Condensed graphs and rows that exist are
not made again, so the same command resumes an interrupted run. After a change to a method, `--redo METHOD …`
first deletes its graphs and rows; to resume that run, leave the option out. `python -m
benchmarks.results_pages` then renews the pages.

Tables run side by side with one thread each, so seconds are upper bounds. Run tables that share a data set
one at a time.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from condense.budget import plan
from condense.config import build
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.data.inductive import Setting
from condense.datasets.load import load_dataset
from condense.errors import UserError
from condense.io import load_condensed, save
from condense.methods.registry import METHODS as METHODS_BY_NAME
from condense.methods.spec import label, parse
from condense.run import condense
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.results.paired import paired_methods
from evaluate.results.record_store import RecordStore
from evaluate.results.rows import REMEDY, WHOLE, Row
from evaluate.results.table import as_break_even, as_matrix, summarise
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from models.choices import UnknownChoiceError
from models.registry import MODELS as MODELS_BY_NAME

METHODS = (
    WHOLE,
    "random",
    "herding",
    "kcenter",
    "kmeans",
    "kmeans:labels=pseudo",
    "coarsening",
    "mixture",
    "srgm:epochs=0",
    "srgm:decouple=off",
    "srgm",
)
OURS = "srgm"
# The candidates for the best; the other methods are far behind wherever they were compared.
CLOSEST = ("kmeans:labels=pseudo", "coarsening", "srgm:epochs=0", "srgm")
# With one modality there is nothing to decouple, so this line would equal that of srgm.
METHODS_OF_ONE_MODALITY = tuple(m for m in METHODS if m != "srgm:decouple=off")
MODELS = ("mlp", "sgc", "gcn", "hgt", "hgnn_ima")
# The further models of the tables that have all models.
OTHERS = tuple(m for m in MODELS_BY_NAME if m not in MODELS)
# HetCRF's encoder with its initial weights, under the same probe.
CONTROL = "hetcrf:learns_from=nothing"
ALL_MODELS = (*MODELS, *OTHERS, CONTROL)


@dataclass(frozen=True)
class Table:
    """A data set, its condensation ratio, and how models are trained on it.

    Attributes:
        dataset: its name for the command line.
        ratio: of condensation.
        modalities: of the target type; None for the data set's default.
        source: "auto", or "simulated" where real files must not be used even if they exist.
        setting: "transductive", or "inductive" with a ratio of the training nodes.
        seeds: condensing seeds; models are trained with seed k on the graph of seed k.
        epochs: of every training, unless `few` names the model.
        few: model -> fewer epochs, on all graphs, because the whole graph is too large for more.
        lr: model -> learning rate, on all graphs, in place of the trainer's.
        tune: settings tried for each model and method.
        methods: to compare.
        models: to train.
    """

    dataset: str
    ratio: float
    modalities: tuple[str, ...] | None = None
    source: str = "auto"
    setting: Setting = "transductive"
    seeds: int = 5
    epochs: int = 100
    few: dict[str, int] = field(default_factory=dict)
    lr: dict[str, float] = field(default_factory=dict)
    tune: int = 2
    methods: tuple[str, ...] = METHODS
    models: tuple[str, ...] = MODELS

    def protocol(self, model: str, seeds: int | None = None, epochs: int | None = None) -> Protocol:
        """How a model is trained; `seeds` and `epochs` replace those of the table."""
        training = TrainSettings(epochs or self.few.get(model, self.epochs), 10, patience=40)
        training = replace(training, lr=self.lr.get(model, training.lr))
        return Protocol((model,), seeds or self.seeds, 1, self.tune, training)


TABLES = {
    "imdb": Table("imdb", 0.01, models=ALL_MODELS),
    # The headline: twice as many pairs of the methods that are close.
    "imdb-10": Table("imdb", 0.01, seeds=10, methods=CLOSEST),
    "imdb-unique": Table("imdb-unique", 0.01),
    "imdb-tabular": Table("imdb", 0.01, ("text", "image", "tabular")),
    "acm": Table("acm", 0.01, methods=METHODS_OF_ONE_MODALITY, models=ALL_MODELS),
    "dblp": Table("dblp", 0.01, few={"hgnn_ima": 20}, methods=METHODS_OF_ONE_MODALITY),
    "cora": Table("cora", 0.026, methods=METHODS_OF_ONE_MODALITY),
    "photo": Table("photo", 0.01, methods=METHODS_OF_ONE_MODALITY),
    # A fifth of all products are labelled, and the whole graph's models train to their end.
    "photo-rich": Table(
        "photo-rich",
        0.01,
        epochs=400,
        methods=METHODS_OF_ONE_MODALITY,
        models=("mlp", "sgc", "gcn"),
    ),
    # GCN alone, with more settings to choose from, for the number that the literature reports.
    "cora-gcn": Table("cora", 0.026, tune=8, methods=METHODS_OF_ONE_MODALITY, models=("gcn",)),
    "photo-gcn": Table("photo", 0.01, tune=8, methods=METHODS_OF_ONE_MODALITY, models=("gcn",)),
    "amazon1": Table(
        "amazon1",
        0.01,
        source="simulated",
        few={"hgt": 60, "hgnn_ima": 20},
        lr={"hgt": 0.01},
        tune=1,
    ),
    # Two products a class; 1 % of the 160 training nodes would be fewer than the classes.
    "photo-inductive": Table("photo", 0.1, setting="inductive", methods=METHODS_OF_ONE_MODALITY),
    # As many items as 1 % of all, so that only the setting differs from amazon1.
    "amazon1-inductive": Table(
        "amazon1",
        0.05,
        source="simulated",
        setting="inductive",
        few={"hgt": 60, "hgnn_ima": 20},
        lr={"hgt": 0.01},
        tune=1,
    ),
}


@dataclass(frozen=True)
class Job:
    """One table with the methods and models that were asked for.

    Attributes:
        name: in `TABLES`.
        methods, models: names.
        data_root: folder of the data sets' files.
        graphs, rows: folders of condensed graphs and of results.
    """

    name: str
    methods: tuple[str, ...]
    models: tuple[str, ...]
    data_root: Path
    graphs: Path
    rows: Path

    @property
    def table(self) -> Table:
        """What to measure."""
        return TABLES[self.name]

    @property
    def folder(self) -> Path:
        """Where the condensed graphs are kept; tables of the same data set and ratio share it."""
        table = self.table
        parts = [table.dataset, *(table.modalities or ()), f"{table.ratio:g}"]
        if table.setting != "transductive":
            parts.append(table.setting)
        return self.graphs / "-".join(parts)

    def graph_file(self, method: str, seed: int) -> Path:
        """Where a condensed graph is kept."""
        return self.folder / f"{shown(method).replace(':', '-')}-seed{seed}.h5"

    def rows_file(self, model: str) -> Path:
        """Where the rows of one model are kept."""
        return self.rows / self.name / f"{model.replace(':', '-')}.csv"

    def kept(self, model: str) -> RecordStore[Row]:
        """The rows of one model, by method as `shown`."""
        return RecordStore(Row, lambda row: row.method, self.rows_file(model), remedy=REMEDY)

    def done(self, model: str, method: str) -> bool:
        """Whether a model's rows on a method's graphs are complete."""
        return len(self.kept(model).get(shown(method))) == self.table.seeds


def shown(method: str) -> str:
    """The method's name in the rows."""
    return method if method == WHOLE else label(*parse(method))


def measure(job: Job) -> None:
    """Measure the rows of a table that are missing."""
    torch.set_num_threads(1)
    chosen = job.table
    missing = {m: [x for x in job.models if not job.done(x, m)] for m in job.methods}
    if not any(missing.values()):
        return
    graph = load_dataset(chosen.dataset, job.data_root, chosen.source, chosen.modalities)
    task = EvaluationTask.of(graph, setting=chosen.setting)
    for method, models in missing.items():
        training_graphs = list(training_graphs_of(job, method, task)) if models else []
        for model in models:
            rows = evaluate(task, training_graphs, chosen.protocol(model))
            method_in_rows = shown(method)
            job.kept(model).add(rows, lambda row, m=method_in_rows: row.method == m)
            print(f"{job.name}: {model} on {method}", flush=True)


def training_graphs_of(job: Job, method: str, task: EvaluationTask) -> Iterator[TrainingGraph]:
    """What models are trained on: the training part of the whole graph, or a method's condensed graphs."""
    if method == WHOLE:
        yield TrainingGraph(WHOLE, task.trained_whole())
        return
    for seed in range(job.table.seeds):
        condensed = condensed_graph(job, method, task.raw, seed)
        yield TrainingGraph(shown(method), condensed.graph, condensed)


def condensed_graph(job: Job, method: str, graph: MultimodalGraph, seed: int) -> CondensedGraph:
    """A method's condensed graph of one seed; condensed now if no file has it with these settings."""
    chosen, (kind, settings) = job.table, parse(method)
    file = job.graph_file(method, seed)
    if not file.exists() or load_condensed(file).provenance.settings != settings_of(kind, settings):
        loaded = {
            "dataset": chosen.dataset,
            "source": graph.source,
            "modalities": None if chosen.modalities is None else list(chosen.modalities),
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        budget = plan(graph, chosen.ratio, setting=chosen.setting)
        condensed = condense(graph, budget, kind, settings, seed=seed, dataset_settings=loaded)
        save(file, condensed)
        print(f"{file}: {condensed.provenance.condense_seconds:.1f} s", flush=True)
    return load_condensed(file)


def settings_of(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a method, defaults included, as in the provenance."""
    return asdict(build(METHODS_BY_NAME[kind].settings, settings, kind))


def forget(job: Job, methods: Sequence[str]) -> None:
    """Delete some methods' graphs, and the rows of all tables and models from these graphs."""
    for method in methods:
        for file in job.folder.glob(job.graph_file(method, 0).name.replace("seed0", "seed*")):
            file.unlink()
    dropped = {shown(method) for method in methods}
    for name, table in TABLES.items():
        sharing = replace(job, name=name)
        for model in table.models if sharing.folder == job.folder else ():
            kept = sharing.kept(model)
            if any(name in kept for name in dropped):
                kept.add([], lambda row: row.method in dropped)


def show(job: Job) -> bool:
    """Print a table in the order of `METHODS`; returns whether it is complete."""
    chosen = job.table
    order = {shown(m): i for i, m in enumerate(METHODS)}
    rows = [row for model in job.models for row in job.kept(model)]
    rows.sort(key=lambda row: order.get(row.method, len(order)))
    models = [m for m in job.models if any(row.model == m for row in rows)]
    fewer = "".join(f", {m} {n}" for m, n in chosen.few.items() if m in models)
    fewer += "".join(f", {m} with lr {x:g}" for m, x in chosen.lr.items() if m in models)
    print(
        f"\n{job.name} ({chosen.setting}) at {chosen.ratio:.1%}: {chosen.seeds} seeds, "
        f"{chosen.tune} settings tried, "
        f"{chosen.epochs} epochs{fewer}"
    )
    if rows:
        lines = summarise(sorted(rows, key=lambda r: models.index(r.model)))
        print(f"\n{as_matrix(lines)}")
        if paid := as_break_even(lines):
            print(f"\n{paid}")
        print()
        for method in job.methods:
            if method in (OURS, WHOLE):
                continue
            difference = paired_methods(rows, OURS, shown(method))
            if difference is not None:
                print(f"{OURS} over {shown(method)}, mean over the models: {difference}")
    missing = {m: [x for x in job.methods if not job.done(m, x)] for m in job.models}
    missing = {model: methods for model, methods in missing.items() if methods}
    if missing:
        print()
    for model, methods in missing.items():
        print(f"not finished: {model} on {', '.join(methods)}")
    return not missing


def main() -> int:
    """Measure the missing rows, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--graphs", type=Path, default=Path("runs/tables"))
    parser.add_argument("--rows", type=Path, default=Path(__file__).parent / "rows")
    parser.add_argument("--sets", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--methods", nargs="+", help="default: those of each table")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=ALL_MODELS)
    parser.add_argument("--redo", nargs="+", default=[], metavar="METHOD")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    jobs = [
        Job(
            name,
            tuple(arguments.methods or TABLES[name].methods),
            tuple(m for m in arguments.models if m in TABLES[name].models),
            arguments.data_root,
            arguments.graphs,
            arguments.rows,
        )
        for name in arguments.sets
    ]
    try:
        for method in (*(arguments.methods or ()), *arguments.redo):
            shown(method)
    except (UserError, UnknownChoiceError) as error:
        parser.error(str(error))
    if not arguments.print:
        for job in jobs:
            forget(job, arguments.redo)
        # The workers read these at their start; k-means has threads of its own.
        os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
            for job, future in [(job, pool.submit(measure, job)) for job in jobs]:
                if (error := future.exception()) is not None:
                    print(f"{job.name}: {error!r}", file=sys.stderr)
    complete = [show(job) for job in jobs]
    return 0 if all(complete) else 1


if __name__ == "__main__":
    sys.exit(main())
