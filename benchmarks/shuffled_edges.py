"""What a condensed graph's edges are worth: models trained on it, and on it with its edges shuffled.

    python -m benchmarks.shuffled_edges --data-root DATA_ROOT [--set imdb] [--models hgt hgnn_ima] …
    python -m benchmarks.shuffled_edges --print

Each graph is compared with itself after `benchmarks.shuffle.shuffle_edges`: every node keeps its degrees
and every weight its destination. The two graphs of condensing seed k are trained with seed k, by the
protocol of the table in tables.py: the same settings are tried for both and chosen on validation nodes. It
prints the mean paired difference of test micro-F1 and macro-F1 in points, with its 95 % interval.

Rows are kept in benchmarks/rows/shuffled, one file for each table, method and model, and are measured again
only with other epochs. Condensed graphs are shared with tables.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.shuffle import shuffle_edges
from benchmarks.tables import TABLES, Job, condensed_graph, shown
from condense.data.condensed import CondensedGraph
from condense.datasets.load import load_dataset
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.results.paired import PairedDifference
from evaluate.results.rows import Row, read_rows, write_rows
from evaluate.training.task import EvaluationTask
from models.registry import MODELS

SHUFFLED = " with shuffled edges"


@dataclass(frozen=True)
class Comparison:
    """One method's graphs in one table, as they are and shuffled.

    Attributes:
        job: says where graphs are kept and how models are trained.
        method: as in tables.py.
        seeds: number of condensing seeds.
        epochs: of every training; None for those of the table.
    """

    job: Job
    method: str
    seeds: int
    epochs: int | None = None

    @property
    def labels(self) -> tuple[str, str]:
        """Names in the rows of the graphs as they are, and shuffled."""
        return shown(self.method), shown(self.method) + SHUFFLED

    def protocol(self, model: str) -> Protocol:
        """How one model is trained."""
        return self.job.table.protocol(model, self.seeds, self.epochs)

    def file(self, model: str) -> Path:
        """Where the rows of one model are kept."""
        return (
            self.job.rows
            / "shuffled"
            / f"{self.job.name}-{self.labels[0].replace(':', '-')}-{model}.csv"
        )

    def kept(self, model: str) -> list[Row]:
        """The rows of one model in its file."""
        return read_rows(self.file(model)) if self.file(model).exists() else []

    def of(self, model: str, label: str) -> list[Row]:
        """The first `seeds` rows on one kind of graph with these epochs, by condensing seed."""
        epochs = f"epochs={self.protocol(model).training.epochs}"
        rows = [r for r in self.kept(model) if r.method == label and epochs in r.settings.split()]
        rows.sort(key=lambda row: row.condense_seed or 0)
        return rows[: self.seeds]


def measure(chosen: Comparison, models: Sequence[str]) -> None:
    """Measure the missing rows; those of a model on one kind of graph are measured together."""
    missing = [
        (model, label)
        for model in models
        for label in chosen.labels
        if len(chosen.of(model, label)) < chosen.seeds
    ]
    if not missing:
        return
    table = chosen.job.table
    graph = load_dataset(table.dataset, chosen.job.data_root, table.source, table.modalities)
    task = EvaluationTask.of(graph, setting=table.setting)
    plain = [condensed_graph(chosen.job, chosen.method, graph, k) for k in range(chosen.seeds)]
    as_is, shuffled = chosen.labels
    graphs = {as_is: plain, shuffled: [with_shuffled_edges(condensed) for condensed in plain]}
    for model, label in missing:
        training_graphs = [TrainingGraph(label, g.graph, g) for g in graphs[label]]
        rows = evaluate(task, training_graphs, chosen.protocol(model))
        rest = [row for row in chosen.kept(model) if row.method != label]
        chosen.file(model).parent.mkdir(parents=True, exist_ok=True)
        write_rows(chosen.file(model), [*rest, *rows])
        print(f"{chosen.job.name}: {model} on {label}", flush=True)


def with_shuffled_edges(condensed: CondensedGraph) -> CondensedGraph:
    """A copy with shuffled edges; the condensing seed seeds the shuffle."""
    generator = torch.Generator().manual_seed(condensed.provenance.seed)
    return CondensedGraph(shuffle_edges(condensed.graph, generator), condensed.provenance)


def show(chosen: Comparison, models: Sequence[str]) -> bool:
    """Print the differences; returns whether none is missing."""
    complete = True
    print(
        f"\n{chosen.job.name}, {chosen.labels[0]}: over the same graph with shuffled edges, in points"
    )
    for model in models:
        first, second = (chosen.of(model, label) for label in chosen.labels)
        if len(first) < chosen.seeds or len(second) < chosen.seeds:
            print(f"not finished: {model}")
            complete = False
            continue
        pairs = [(a.condense_seed, a.train_seed) for a in first]
        assert pairs == [(b.condense_seed, b.train_seed) for b in second]
        for score in ("micro_f1", "macro_f1"):
            ours, theirs = ([100 * getattr(r, score) for r in rows] for rows in (first, second))
            mean = sum(ours) / len(ours)
            print(f"{model:9} {score}: {mean:.1f}, {PairedDifference.of(ours, theirs)}")
    return complete


def main() -> int:
    """Measure the missing rows, then print the differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--graphs", type=Path, default=Path("runs/tables"))
    parser.add_argument("--rows", type=Path, default=Path(__file__).parent / "rows")
    parser.add_argument("--set", default="imdb", choices=list(TABLES))
    parser.add_argument("--method", default="srgm")
    parser.add_argument("--models", nargs="+", default=["hgt", "hgnn_ima"], choices=list(MODELS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    models = tuple(arguments.models)
    job = Job(
        arguments.set,
        (arguments.method,),
        models,
        arguments.data_root,
        arguments.graphs,
        arguments.rows,
    )
    chosen = Comparison(job, arguments.method, arguments.seeds, arguments.epochs)
    if not arguments.print:
        measure(chosen, models)
    return 0 if show(chosen, models) else 1


if __name__ == "__main__":
    raise SystemExit(main())
