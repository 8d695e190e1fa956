"""Condensed graphs of equal size in bytes, on large graphs with many labels.

    python -m benchmarks.equal_bytes --data-root DATA_ROOT [--sets amazon1 debian] [--shares 0.01]
        [--methods …] [--models …] [--seeds 5]
    python -m benchmarks.equal_bytes --print

Every method condenses to the same share of the whole graph's bytes, features in eight bits: one that keeps a
spread has fewer nodes for it. Every model is trained with two settings on each method's graph of seed 0;
validation nodes choose one of them, which then trains on the graphs of the other seeds. The whole graph's
trainings, with as many settings where they do not take an hour, run until the validation score stops rising,
as far as a † does not say otherwise. Rows are kept in benchmarks/rows/equal_bytes, so the same command
resumes an interrupted run, on another machine too: it trains what no row of this method, model, setting and
seed is kept of. After a change of a method, delete its rows.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.equal_bytes_settings import Setting, chosen, settings_of
from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph, num_bytes
from condense.datasets.load import load_dataset
from condense.errors import UserError
from condense.io import load_condensed, save
from condense.methods.spec import label, parse
from condense.run import condense
from evaluate.grid.evaluate import seed_rows
from evaluate.grid.protocol import TrainingGraph
from evaluate.results.paired import PairedDifference
from evaluate.results.record_store import RecordStore
from evaluate.results.rising_mark import RISING
from evaluate.results.rows import REMEDY, WHOLE, Row
from evaluate.training.task import EvaluationTask
from evaluate.training.tune import settings_text
from models.choices import UnknownChoiceError

MODELS = ("mlp", "sgc", "graphsage", "sehgnn", "hgt")
LEAST, MOST = 0.97, 1.01
"""Of the bytes that each method has, how many it must take and may take."""
FIRST_GUESS, TRIALS = 1.8, 6
"""Condensation ratio ÷ share of the bytes that is tried first, and how many ratios are tried."""
ROWS = Path(__file__).parent / "rows" / "equal_bytes"
SOURCES = {"amazon1": "simulated", "debian": "auto"}
METHODS = (
    "mixture:spread=on",
    "srgm:spread=on",
    "mixture:spread=off",
    "srgm",
    "coarsening",
    "kmeans:labels=pseudo",
    "random",
)
OURS = "mixture:spread=on"
"""The method whose lead over the others is printed."""
# Dataset -> share of the whole graph's bytes -> method -> condensation ratio that takes as many bytes; where
# it is missing, the benchmark looks for it.
RATIOS: dict[str, dict[float, dict[str, float]]] = {
    "amazon1": {
        0.01: {
            "mixture:spread=on": 0.0264,
            "srgm:spread=on": 0.0264,
            "mixture:spread=off": 0.0358,
            "srgm": 0.0358,
            "coarsening": 0.0358,
            "kmeans:labels=pseudo": 0.0403,
            "random": 0.0402,
        },
    },
    "debian": {
        0.01: {
            "mixture:spread=on": 0.0137,
            "srgm:spread=on": 0.0137,
            "mixture:spread=off": 0.0153,
            "srgm": 0.0153,
            "coarsening": 0.0148,
            "kmeans:labels=pseudo": 0.0199,
            "random": 0.0244,
        },
    },
}


@dataclass(frozen=True)
class Comparison:
    """One data set at one share of its bytes.

    Attributes:
        dataset: its name.
        share: of the whole graph's bytes.
        graphs: folder of condensed graphs.
    """

    dataset: str
    share: float
    graphs: Path

    def store(self, method: str) -> RecordStore[Row]:
        """The kept rows; those of the whole graph are shared by all shares."""
        name = self.dataset if method == WHOLE else f"{self.dataset}-{self.share:g}"
        return RecordStore(Row, lambda row: row.cell, ROWS / f"{name}.csv", remedy=REMEDY)

    def condensed(self, method: str, graph: MultimodalGraph, seed: int) -> CondensedGraph:
        """A method's graph of one seed; condensed now if there is no file.

        Raises:
            UserError: no ratio takes as many bytes.
        """
        file = self._file(method, seed)
        if file.exists():
            return load_condensed(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        ratio = self._ratio(method)
        for _ in range(TRIALS):
            small = self._condense(method, ratio, graph, seed)
            taken = num_bytes(small.graph) / num_bytes(graph)
            seconds = small.provenance.condense_seconds
            print(
                f"{file.name}: ratio {ratio:g}, {taken:.3%} of the bytes, {seconds:.0f} s",
                flush=True,
            )
            if LEAST <= taken / self.share <= MOST:
                save(file, small)
                return load_condensed(file)
            ratio = float(f"{ratio * 0.99 * self.share / taken:.3g}")
        raise UserError(
            f"{self.dataset}: no ratio was found at which {method} takes {self.share:.1%} of the bytes; "
            "give one in RATIOS"
        )

    def _file(self, method: str, seed: int) -> Path:
        name = f"{self.dataset}-{self.share:g}-{method.replace(':', '-')}-seed{seed}.h5"
        return self.graphs / name

    def _ratio(self, method: str) -> float:
        """The known ratio, or that of seed 0, or a first guess."""
        known = RATIOS[self.dataset].get(self.share, {}).get(method)
        first = self._file(method, 0)
        if known is None and first.exists():
            known = load_condensed(first).provenance.ratio
        return FIRST_GUESS * self.share if known is None else known

    def _condense(
        self, method: str, ratio: float, graph: MultimodalGraph, seed: int
    ) -> CondensedGraph:
        kind, settings = parse(method)
        source = {"dataset": self.dataset, "source": graph.source, "modalities": None}
        budget = plan(graph, ratio)
        return condense(graph, budget, kind, settings, seed=seed, bits=8, dataset_settings=source)


def measure(
    comparison: Comparison,
    root: Path,
    methods: Sequence[str],
    models: Sequence[str],
    seeds: int,
) -> None:
    """Train what is missing, seed by seed; on the whole graph with seed 0 alone, which takes hours."""
    graph = load_dataset(comparison.dataset, root, SOURCES[comparison.dataset])
    task = EvaluationTask.of(graph)
    for seed in range(seeds):
        for method in methods:
            if method == WHOLE and seed:
                continue
            missing = [
                (model, setting)
                for model in models
                for setting in _tried(comparison, method, model, seed)
                if not _has(comparison, method, model, setting, seed)
            ]
            if not missing:
                continue
            if method == WHOLE:
                trained_on, scaled = TrainingGraph(WHOLE, task.trained_whole()), task.training
            else:
                small = comparison.condensed(method, graph, seed)
                trained_on = TrainingGraph(_label(method), small.graph, small)
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


def _label(method: str) -> str:
    """The method as rows name it."""
    return WHOLE if method == WHOLE else label(*parse(method))


def _rows(comparison: Comparison, method: str, model: str) -> list[Row]:
    """All kept rows of a model on a method's graphs."""
    shown = _label(method)
    return [r for r in comparison.store(method) if r.method == shown and r.model == model]


def _tried(comparison: Comparison, method: str, model: str, seed: int) -> tuple[Setting, ...]:
    """All settings for seed 0, the one that validation nodes chose for others."""
    settings = settings_of(method, model)
    return (chosen(_rows(comparison, method, model), settings),) if seed else settings


def _has(comparison: Comparison, method: str, model: str, setting: Setting, seed: int) -> bool:
    """Whether a row of this training is kept, of whichever machine: to the last digit, no two condense
    alike.
    """
    text = settings_text(setting.candidate())
    rows = _rows(comparison, method, model)
    return any(r.settings == text and r.train_seed == seed for r in rows)


def kept(comparison: Comparison, method: str, models: Sequence[str]) -> dict[str, list[Row]]:
    """Model -> rows with the chosen setting, by seed."""
    by_model = {}
    for model in models:
        mine = _rows(comparison, method, model)
        text = settings_text(chosen(mine, settings_of(method, model)).candidate())
        by_model[model] = sorted(
            (row for row in mine if row.settings == text), key=lambda row: row.train_seed
        )
    return by_model


def table(comparison: Comparison, models: Sequence[str]) -> str:
    """Micro-F1 and retention of every method, and how far OURS is ahead of each, as Markdown."""
    whole, ours = kept(comparison, WHOLE, models), kept(comparison, OURS, models)
    lines = [
        ["method", "nodes", "kB", *models, "kept, mean", f"{OURS} ahead by"],
        ["---", *["---:"] * (len(models) + 4)],
        [WHOLE, "", "", *(_scores(whole[m]) for m in models), "", ""],
    ]
    for method in METHODS:
        mine = kept(comparison, method, models)
        known = [row for rows in mine.values() for row in rows]
        if not known:
            continue
        shares = [
            100 * statistics.fmean(row.micro_f1 for row in mine[m]) / whole[m][0].micro_f1
            for m in models
            if mine[m] and whole[m]
        ]
        complete = len(shares) == len(models)
        lines.append(
            [
                f"`{method}`",
                f"{known[0].nodes:,}",
                f"{known[0].bytes / 1000:,.0f}",
                *(_scores(mine[m]) for m in models),
                f"{statistics.fmean(shares):.1f} %" if complete else "–",
                "" if method == OURS else _ahead(ours, mine, models),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _scores(rows: Sequence[Row]) -> str:
    """Mean and standard deviation in points; a mark where a training ended while it was rising."""
    if not rows:
        return "–"
    points = [100 * row.micro_f1 for row in rows]
    spread = f" ± {statistics.stdev(points):.1f}" if len(points) > 1 else ""
    return f"{statistics.fmean(points):.1f}{spread}{RISING if any(r.rising for r in rows) else ''}"


def _ahead(ours: dict[str, list[Row]], theirs: dict[str, list[Row]], models: Sequence[str]) -> str:
    """The mean difference over models, paired by seed."""
    seeds = set.intersection(
        *({r.train_seed for r in rows[m]} for rows in (ours, theirs) for m in models)
    )
    if not seeds:
        return "–"

    def means(rows: dict[str, list[Row]]) -> list[float]:
        return [
            statistics.fmean(100 * r.micro_f1 for m in models for r in rows[m] if r.train_seed == s)
            for s in sorted(seeds)
        ]

    difference = PairedDifference.of(means(ours), means(theirs))
    if difference.count == 1:
        return f"{difference.mean:+.1f} (1 seed)"
    return f"{difference.mean:+.1f} ± {difference.half:.1f}"


def main() -> None:
    """Measure the missing rows, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--graphs", type=Path, default=Path("runs/equal_bytes"))
    parser.add_argument("--sets", nargs="+", default=list(RATIOS), choices=list(RATIOS))
    parser.add_argument("--shares", nargs="+", type=float, default=[0.01])
    parser.add_argument("--methods", nargs="+", help="default: all, and whole")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    methods = arguments.methods or [*METHODS, WHOLE]
    try:
        for method in methods:
            if method != WHOLE:
                parse(method)
    except (UserError, UnknownChoiceError) as error:
        parser.error(str(error))
    for dataset in arguments.sets:
        for share in arguments.shares:
            comparison, models = Comparison(dataset, share, arguments.graphs), arguments.models
            if not arguments.print:
                try:
                    measure(comparison, arguments.data_root, methods, models, arguments.seeds)
                except UserError as error:
                    parser.error(str(error))
            print(f"\n{dataset} at {share:.1%} of its bytes\n\n{table(comparison, models)}")


if __name__ == "__main__":
    main()
