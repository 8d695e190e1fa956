"""HGNN-IMA on a whole graph: its epoch against HGT's, how even its attention is, both signs of (8).

    python -m benchmarks.hgnn_ima --data-root DATA_ROOT [--dataset imdb] [--epochs 100] [--seeds 5]

About an hour on two cores; --seeds 0 times epochs only.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch

from condense.datasets.load import load_dataset
from evaluate.training.metrics import score
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, predict, training_nodes
from evaluate.training.tune import Candidate, fit
from models.hgnn_ima.model import HGNNIMA, HGNNIMASettings
from models.hgt import HGTSettings
from models.layers.attention import relative_entropy
from models.registry import MODELS


def epoch_seconds(name: str, settings: object, task: EvaluationTask, repeats: int = 7) -> float:
    """The median of full-batch steps: forward, backward, Adam."""
    entry = MODELS[name]
    model = entry.build(task.schema, settings)
    rows, labels, weight = training_nodes(task.whole)
    inputs = model.prepare(task.whole, rows)
    optimiser = torch.optim.Adam(model.parameters(), 0.001, fused=True)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        loss = entry.loss(model, inputs, labels, weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def time_epochs(task: EvaluationTask) -> None:
    """HGNN-IMA over HGT, each with its defaults and both alike."""
    width = HGNNIMASettings().hidden
    pairs = {
        "defaults, width": (HGTSettings(hidden=width), HGNNIMASettings()),
        "2 layers, 4 heads, width": (
            HGTSettings(hidden=width, layers=2, heads=4),
            HGNNIMASettings(layers=2, heads=4),
        ),
        "3 layers, 8 heads, width": (
            HGTSettings(hidden=width, layers=3, heads=8),
            HGNNIMASettings(layers=3, heads=8),
        ),
    }
    for name, (hgt, ima) in pairs.items():
        ours, other = epoch_seconds("hgnn_ima", ima, task), epoch_seconds("hgt", hgt, task)
        print(
            f"epoch, {name} {width}: HGNN-IMA {ours:.3f} s, HGT {other:.3f} s, "
            f"ratio {ours / other:.2f}"
        )


@torch.no_grad()
def entropies(model: HGNNIMA, task: EvaluationTask) -> list[dict[str, float]]:
    """Relative entropy of α, β, β̄ and β̃ in each layer."""
    target = task.whole[task.whole.target]
    rows = target.val_mask.nonzero().flatten()
    inputs = model.eval().prepare(task.whole, rows)
    edges, count = inputs.edges, sum(x.size(0) for x in inputs.has.values())

    def even(share: torch.Tensor) -> float:
        return relative_entropy(share, edges.weight, edges.destination, count)

    found = []
    for a in model.propagate(inputs)[1]:
        assert a.aligned is not None
        shares = {"α": a.node, "β": a.nested, "β̄": a.aligned, "β̃": a.final}
        found.append({name: even(share) for name, share in shares.items()})
    return found


def train_both_signs(task: EvaluationTask, training: TrainSettings, seeds: int) -> None:
    """Scores and attention with (8) as its sentence and as its print has it."""
    for alignment in ("consistent", "printed"):
        settings = replace(HGNNIMASettings(), alignment=alignment)
        valid, test = [], []
        for seed in range(seeds):
            done = fit(MODELS["hgnn_ima"], Candidate(settings, training), task, task.whole, seed)
            answers = predict(done.model, task.whole, task.test_rows()).argmax(dim=1).cpu()
            classes = task.raw.num_classes
            valid.append(100 * done.val_micro_f1)
            test.append(100 * score(answers, task.test_labels(), classes).micro_f1)
            if seed == 0:
                assert isinstance(done.model, HGNNIMA)
                for layer, found in enumerate(entropies(done.model, task), 1):
                    said = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
                    print(f"{alignment}, layer {layer}: relative entropy {said}", flush=True)
        print(
            f"{alignment}: micro-F1 on validation {_spread(valid)}, on test {_spread(test)}",
            flush=True,
        )


def _spread(values: list[float]) -> str:
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.1f} ± {sd:.1f}"


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="imdb")
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    task = EvaluationTask.of(load_dataset(arguments.dataset, arguments.data_root))
    time_epochs(task)
    if arguments.seeds:
        training = TrainSettings(epochs=arguments.epochs, check_every=10)
        train_both_signs(task, training, arguments.seeds)


if __name__ == "__main__":
    main()
