"""What each part of SR-GM contributes: the tables of docs/ablation.md.

    python -m benchmarks.ablation --data-root DATA_ROOT [--sets imdb cora …] [--groups parts …] [--seeds 3]
    python -m benchmarks.ablation --print

Test nodes are not used. One half of the validation nodes is hidden from condensing and training, and scores
are on this half; the other half serves as validation nodes. Otherwise a variant that overfits the nodes it is
selected on would look better than it is, as pseudo-labels of a network stopped at its best validation score
do.

`--mix-images SHARE` first exchanges the images of a random share of the target nodes among these nodes, so
that their text and image contradict each other.

Each (variant, seed, model) appends one row to benchmarks/rows/ablation/SET.csv. The same command resumes an
interrupted run.
"""

from __future__ import annotations

import argparse
import copy
import csv
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from condense.budget import plan
from condense.data.graph import UNLABELLED, MultimodalGraph
from condense.datasets.load import load_dataset
from condense.errors import UserError
from condense.methods.spec import parse
from condense.run import condense
from evaluate.results.paired import PairedDifference
from evaluate.training.metrics import score
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, predict
from evaluate.training.tune import candidates, fit
from models.registry import MODELS

RATIOS = {"imdb": 0.01, "cora": 0.026, "acm": 0.01, "dblp": 0.01, "photo": 0.01, "amazon1": 0.01}
PLAIN = "srgm:decouple=off,damping=0"
# The first of each group is the baseline of the others.
GROUPS = {
    "matching": (PLAIN, "srgm:epochs=0", "coarsening", "kmeans:labels=pseudo,space=both"),
    "guesses": ("coarsening", "coarsening:smooth=false"),
    "parts": (
        PLAIN,
        "srgm:decouple=update,damping=0",
        "srgm:decouple=parameters,damping=0",
        "srgm:decouple=off,damping=0.1",
        "srgm:decouple=field,damping=0.1",
        "srgm:decouple=update,damping=0.1",
    ),
    "damping": (
        PLAIN,
        *(f"srgm:decouple=field,damping={x:g}" for x in (0.001, 0.01, 0.1, 1.0, 10.0)),
        "srgm:decouple=field,damping=0.1,energy=authors",
    ),
    "start": (
        PLAIN,
        *(f"{PLAIN},space={x}" for x in ("own", "propagated")),
        *(f"{PLAIN},teacher={x}" for x in ("ridge", "network")),
        f"{PLAIN},labels=labelled",
    ),
    "steps": (
        PLAIN,
        f"{PLAIN},lr_edges=1e-9",
        f"{PLAIN},lr_features=1e-9",
        f"{PLAIN},inner=0",
        f"{PLAIN},inner=10",
        f"{PLAIN},inner=30",
        f"{PLAIN},epochs=60",
    ),
    "relay": (PLAIN, f"{PLAIN},relay=two-layer"),
}
MODELS_COMPARED = ("mlp", "sgc", "gcn", "hgt")
COLUMNS: list[str] = ["variant", "seed", "model", "held_out_micro_f1", "condense_seconds"]


@dataclass(frozen=True)
class Halves:
    """A data set with half of its validation nodes held out.

    Attributes:
        graph: a copy whose held-out nodes are not validation nodes and have no label.
        rows: indices of the held-out nodes.
        labels: their classes.
    """

    graph: MultimodalGraph
    rows: Tensor
    labels: Tensor

    @classmethod
    def of(cls, whole: MultimodalGraph) -> Halves:
        """Hold out a random half, the same in every run."""
        store = whole[whole.target]
        val = store.val_mask.nonzero().flatten()
        val = val[torch.randperm(len(val), generator=torch.Generator().manual_seed(0))]
        used, held_out = val.tensor_split(2)
        graph = copy.copy(whole)
        graph[graph.target].val_mask = torch.zeros_like(store.val_mask)
        graph[graph.target].val_mask[used] = True
        graph[graph.target].y = store.y.clone()
        graph[graph.target].y[held_out] = UNLABELLED
        return cls(graph, held_out, store.y[held_out])


def with_mixed_images(whole: MultimodalGraph, share: float) -> MultimodalGraph:
    """A copy in which a random share of the target nodes with an image exchange their images.

    The nodes of a smaller share are among those of a larger one.

    Raises:
        UserError: the target nodes have no images.
    """
    graph, store = copy.copy(whole), whole[whole.target]
    if "x_image" not in store:
        raise UserError(
            f"--mix-images (got {share} for {whole.name}) needs a data set whose {whole.target} nodes have "
            "images; try --sets imdb"
        )
    with_image = store.get("has_image", torch.ones_like(store.val_mask)).nonzero().flatten()
    generator = torch.Generator().manual_seed(0)
    count = round(share * len(with_image))
    chosen = with_image[torch.randperm(len(with_image), generator=generator)[:count]]
    order = torch.randperm(len(chosen), generator=generator)
    graph[graph.target].x_image = store.x_image.clone()
    graph[graph.target].x_image[chosen] = store.x_image[chosen[order]]
    return graph


def rows_file(folder: Path, name: str, share: float) -> Path:
    """The file of a data set's rows with a share of its images mixed."""
    return folder / (f"{name}-mixed{share:g}.csv" if share else f"{name}.csv")


def measure(
    name: str, variants: Sequence[str], seeds: int, share: float, root: Path, file: Path
) -> None:
    """Measure and append the rows that are missing."""
    done = {(r["variant"], int(r["seed"]), r["model"]) for r in read(file)}
    wanted = [
        (v, s, missing)
        for v in variants
        for s in range(seeds)
        if (missing := [m for m in MODELS_COMPARED if (v, s, m) not in done])
    ]
    if not wanted:
        return
    whole = load_dataset(name, root, "simulated" if name == "amazon1" else "auto", None)
    halves = Halves.of(with_mixed_images(whole, share) if share else whole)
    task, budget = EvaluationTask.of(halves.graph), plan(halves.graph, RATIOS[name])
    for variant, seed, models in wanted:
        kind, settings = parse(variant)
        started = time.perf_counter()
        graph = task.admit(condense(halves.graph, budget, kind, settings, seed=seed).graph)
        seconds = time.perf_counter() - started
        for model in models:
            choice = candidates(MODELS[model], TrainSettings(100, 10, patience=40), 1, 0)[0]
            trained = fit(MODELS[model], choice, task, graph, seed)
            predicted = predict(trained.model, task.whole, halves.rows).argmax(dim=1)
            micro_f1 = score(predicted, halves.labels, halves.graph.num_classes).micro_f1
            append(file, dict(zip(COLUMNS, (variant, seed, model, micro_f1, seconds), strict=True)))
        print(f"{file.stem}: {variant}, seed {seed}", flush=True)


def read(file: Path) -> list[dict[str, str]]:
    """The rows in the file; none if it does not exist."""
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def append(file: Path, row: dict[str, object]) -> None:
    """Append a row."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = not file.exists()
    with file.open("a", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerow(row)


def complete_scores(file: Path, variants: Sequence[str]) -> dict[str, dict[int, list[float]]]:
    """variant -> seed -> micro-F1 [%] of `MODELS_COMPARED`, for the variants with rows.

    Only seeds for which each of these variants has all models are kept.
    """
    by_model: dict[str, dict[int, dict[str, float]]] = {v: {} for v in variants}
    for row in read(file):
        if row["variant"] in by_model:
            of_seed = by_model[row["variant"]].setdefault(int(row["seed"]), {})
            of_seed[row["model"]] = 100 * float(row["held_out_micro_f1"])
    complete = {
        variant: {
            s: [of[m] for m in MODELS_COMPARED] for s, of in seeds.items() if _has_all_models(of)
        }
        for variant, seeds in by_model.items()
    }
    begun = {variant: seeds for variant, seeds in complete.items() if seeds}
    shared = sorted(set.intersection(*map(set, begun.values()))) if begun else []
    return {variant: {s: of[s] for s in shared} for variant, of in begun.items() if shared}


def _has_all_models(of_seed: dict[str, float]) -> bool:
    return all(model in of_seed for model in MODELS_COMPARED)


def show(file: Path, group: tuple[str, ...]) -> Iterator[str]:
    """A group's lines: mean ± deviation of each model, their mean, and its paired difference from the first.

    All numbers are over the seeds that every line has.
    """
    scores = complete_scores(file, group)
    if not scores:
        return
    shown, seeds = list(scores), len(next(iter(scores.values())))
    width = max(map(len, shown))
    header = "  ".join(f"{m:>10}" for m in MODELS_COMPARED)
    yield f"{f'{seeds} seeds':{width}}  {header}    mean  difference"
    means = {v: [statistics.fmean(of_seed) for of_seed in scores[v].values()] for v in shown}
    for variant in shown:
        cells = list(zip(*scores[variant].values(), strict=True))
        line = "  ".join(f"{statistics.fmean(c):4.1f} ± {deviation(c):3.1f}" for c in cells)
        ahead = PairedDifference.of(means[variant], means[shown[0]])
        difference = "" if variant == shown[0] else f"  {ahead}"
        yield f"{variant:{width}}  {line}  {statistics.fmean(means[variant]):6.2f}{difference}"


def deviation(values: Sequence[float]) -> float:
    """The sample standard deviation; 0 for a single value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def main() -> int:
    """Measure the missing rows, then print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--rows", type=Path, default=Path(__file__).parent / "rows" / "ablation")
    parser.add_argument("--sets", nargs="+", default=["imdb", "cora"], choices=list(RATIOS))
    parser.add_argument("--groups", nargs="+", default=list(GROUPS), choices=list(GROUPS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--mix-images", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    if not 0 <= arguments.mix_images <= 1:
        parser.error(f"--mix-images (got {arguments.mix_images}) must lie in [0, 1]")
    torch.set_num_threads(1)
    share = arguments.mix_images
    for name in arguments.sets:
        file = rows_file(arguments.rows, name, share)
        variants = list(dict.fromkeys(v for g in arguments.groups for v in GROUPS[g]))
        if not arguments.print:
            measure(name, variants, arguments.seeds, share, arguments.data_root, file)
        for group in arguments.groups:
            print(f"\n{file.stem}, {group}\n")
            print("\n".join(show(file, GROUPS[group])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
