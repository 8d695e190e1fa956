"""The tables of docs/results.md: every method × every model on every data set, resumable.

    python benchmarks/tables.py --data-root DATA_ROOT [--sets imdb acm …] [--models …] [--jobs 2]

To be run in the repository's root. A condensed graph that is there is not made again, nor is a model with
a file .finished trained again, so a killed run goes on with the model where it stopped; delete a file to
make it anew. Data sets run side by side, with one thread each. --print only prints the tables.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import torch

from condense.budget import plan
from condense.data.datasets.registry import load_dataset
from condense.io import save
from condense.methods.spec import parse
from condense.run import condense
from evaluate.results import read_rows
from evaluate.table import as_matrix, summarise

METHODS = (
    "random",
    "herding",
    "kcenter",
    "kmeans",
    "kmeans:labels=pseudo",
    "coarsening",
    "srgm:epochs=0",
    "srgm:decouple=off,damping=0",
    "srgm",
)
MODELS = ("mlp", "sgc", "gcn", "hgt", "hgnn_ima")


@dataclass(frozen=True)
class Set:
    """A data set, how far it is condensed, and how models are trained on it.

    Attributes:
        dataset: its name for the command line.
        ratio: of condensation.
        modalities: of the target type; None for the data set's usual ones.
        source: "auto", or "simulated" where that must not depend on what is prepared.
        seeds: condensing seeds; seed k's graph is trained with seed k.
        epochs: of every training, unless `few` names a model.
        few: model -> epochs, where the whole graph is too large for as many; the same for all graphs.
        tune: settings tried for each model and method.
        models: those to train; None for all.
    """

    dataset: str
    ratio: float
    modalities: tuple[str, ...] | None = None
    source: str = "auto"
    seeds: int = 5
    epochs: int = 100
    few: dict[str, int] = field(default_factory=dict)
    tune: int = 2
    models: tuple[str, ...] | None = None


SETS = {
    "imdb": Set("imdb", 0.01),
    "cora": Set("cora", 0.026),
    "acm": Set("acm", 0.01),
    "photo": Set("photo", 0.01),
    "dblp": Set("dblp", 0.01, few={"hgnn_ima": 20}),
    "imdb-unique": Set("imdb-unique", 0.01),
    "amazon1": Set(
        "amazon1", 0.01, source="simulated", seeds=2, few={"hgt": 60, "hgnn_ima": 20}, tune=1
    ),
    # GCN alone, with more settings to choose from: the figure that the literature reports.
    "cora-gcn": Set("cora", 0.026, tune=8, models=("gcn",)),
    "photo-gcn": Set("photo", 0.01, tune=8, models=("gcn",)),
    "imdb-tabular": Set("imdb", 0.01, ("text", "image", "tabular")),
}


def condense_set(name: str, arguments: argparse.Namespace) -> None:
    """All condensed graphs of one data set that are not there yet."""
    torch.set_num_threads(1)
    chosen = SETS[name]
    graph = load_dataset(chosen.dataset, arguments.data_root, chosen.source, chosen.modalities)
    loaded = {
        "dataset": chosen.dataset,
        "source": graph.source,
        "modalities": None if chosen.modalities is None else list(chosen.modalities),
    }
    budget = plan(graph, chosen.ratio)
    for method in METHODS:
        kind, settings = parse(method)
        for seed in range(chosen.seeds):
            out = condensed(name, method, seed, arguments)
            if not out.exists():
                out.parent.mkdir(parents=True, exist_ok=True)
                made = condense(graph, budget, kind, settings, seed=seed, dataset_settings=loaded)
                save(out, made)
                print(f"{out}: {made.provenance.condense_seconds:.1f} s", flush=True)


def evaluate_job(name: str, model: str, arguments: argparse.Namespace) -> list[str]:
    """The command that trains one model on the whole graph and on all condensed ones."""
    chosen = SETS[name]
    files = [condensed(name, m, s, arguments) for m in METHODS for s in range(chosen.seeds)]
    return [
        "evaluate", "--condensed", *map(str, files),
        "--models", model, "--seeds", str(chosen.seeds), "--per-graph", "1", "--tune", str(chosen.tune),
        "--epochs", str(chosen.few.get(model, chosen.epochs)), "--check-every", "10",
        "--patience", "40",
        "--data-root", str(arguments.data_root), "--out", str(results(name, model, arguments).parent),
    ]  # fmt: skip


def condensed(name: str, method: str, seed: int, arguments: argparse.Namespace) -> Path:
    """Where a condensed graph is kept."""
    return arguments.out / name / f"{method.replace(':', '-')}-seed{seed}.h5"


def results(name: str, model: str, arguments: argparse.Namespace) -> Path:
    """Where a model's rows are kept; written row by row, so a run that goes on has only some."""
    return arguments.out / name / model / "results.csv"


def run(command: list[str], log: Path) -> bool:
    """One command of cli.py with one thread; its output goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with log.open("w") as stream:
        code = subprocess.run(
            [sys.executable, "cli.py", *command], stdout=stream, stderr=stream, env=environment
        ).returncode
    print(f"{'done' if code == 0 else f'FAILED ({code}), see {log}'}: {log.stem}", flush=True)
    return code == 0


def finished(name: str, model: str, arguments: argparse.Namespace) -> Path:
    """There if a model's rows are complete."""
    return arguments.out / name / f"{name}-{model}.finished"


def models_of(name: str, arguments: argparse.Namespace) -> list[str]:
    """The models to train on a data set."""
    return [m for m in arguments.models if m in (SETS[name].models or MODELS)]


def measure(name: str, arguments: argparse.Namespace) -> None:
    """One data set from beginning to end."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        worker.submit(condense_set, name, arguments).result()
    for model in models_of(name, arguments):
        mark = finished(name, model, arguments)
        if not mark.exists() and run(
            evaluate_job(name, model, arguments), mark.with_suffix(".log")
        ):
            mark.touch()


def show(name: str, arguments: argparse.Namespace) -> bool:
    """Print a data set's table; whether it is complete."""
    chosen, models = SETS[name], models_of(name, arguments)
    ready = [m for m in models if finished(name, m, arguments).exists()]
    rows = [row for m in ready for row in read_rows(results(name, m, arguments))]
    fewer = "".join(f", {m} {n}" for m, n in chosen.few.items() if m in ready)
    print(
        f"\n{name} at {chosen.ratio:.1%}: {chosen.seeds} seeds, {chosen.tune} settings tried, "
        f"{chosen.epochs} epochs{fewer}"
    )
    if rows:
        print(f"\n{as_matrix(summarise(rows))}")
    if len(ready) < len(models):
        print(f"\nnot finished: {', '.join(m for m in models if m not in ready)}")
    return len(ready) == len(models)


def main() -> int:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("runs/tables"))
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    if not arguments.print:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda name: measure(name, arguments), arguments.sets))
    complete = [show(name, arguments) for name in arguments.sets]
    return 0 if all(complete) else 1


if __name__ == "__main__":
    sys.exit(main())
