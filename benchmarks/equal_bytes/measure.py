"""Trains what is missing of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.equal_bytes.comparison import SOURCES, name_in_rows
from benchmarks.equal_bytes.graphs import Graphs
from benchmarks.equal_bytes.limits import OverLimitError
from condense.datasets.load import load_dataset
from condense.errors import FileError, UserError
from evaluate.grid.evaluate import seed_rows
from evaluate.grid.protocol import TrainingGraph
from evaluate.results.rows import WHOLE
from evaluate.training.task import EvaluationTask


def measure(
    graphs: Graphs, root: Path, methods: Sequence[str], models: Sequence[str], seeds: int
) -> None:
    """Train what is missing, seed by seed; on the whole graph with seed 0 alone, which takes hours.

    A method that does not take the data set, finds no ratio for its bytes or takes more than it may is left
    out; that is printed and kept.

    Args:
        graphs: condensed graphs of the comparison.
        root: the data folder.
        methods: in short form, or `WHOLE`.
        models: names of models.
        seeds: how many, each for condensing and training.

    Raises:
        UserError: the data set cannot be loaded.
    """
    comparison = graphs.comparison
    graph = load_dataset(comparison.dataset, root, SOURCES[comparison.dataset])
    task = EvaluationTask.of(graph)
    for seed in range(seeds):
        for method in methods:
            if method == WHOLE and seed:
                continue
            missing = [
                (model, setting)
                for model in models
                for setting in comparison.tried(method, model, seed)
                if not comparison.has(method, model, setting, seed)
            ]
            if not missing or comparison.reason(method):
                continue
            if method == WHOLE:
                trained_on, scaled = TrainingGraph(WHOLE, task.trained_whole()), task.training
            else:
                try:
                    small = graphs.condensed(method, graph, seed)
                except FileError:
                    raise
                except (UserError, OverLimitError) as error:
                    comparison.leave_out(method, str(error))
                    print(
                        f"{comparison.dataset} {comparison.share:g} {method}: left out: {error}",
                        flush=True,
                    )
                    continue
                trained_on = TrainingGraph(name_in_rows(method), small.graph, small)
                scaled = task.admit(small.graph)
            store = comparison.store(method)
            for model, setting in missing:
                choice = setting.candidate()
                (row,) = seed_rows(task, trained_on, scaled, model, choice, (seed,), store=store)
                print(
                    f"{comparison.dataset} {comparison.share:g} {method} {model} seed {seed}: test "
                    f"{100 * row.micro_f1:.1f}, validation {100 * row.val_micro_f1:.1f} at epoch "
                    f"{row.epoch}, {row.train_seconds:.0f} s",
                    flush=True,
                )
