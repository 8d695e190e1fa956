"""HGNN-IMA on a whole graph: its epoch against HGT's, how even its attention is, and both signs of (8).

    python -m benchmarks.hgnn_ima --data-root DATA_ROOT [--dataset imdb] [--epochs 100] [--seeds 5]

It takes about an hour on two cores; --seeds 0 only times epochs.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.ablation import deviation
from benchmarks.epoch_time import epoch_seconds
from condense.datasets.load import load_dataset
from evaluate.training.metrics import score
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings, predict
from evaluate.training.tune import Candidate, fit
from models.hgnn_ima.model import HGNNIMA, HGNNIMASettings
from models.hgt import HGTSettings
from models.layers.attention import relative_entropy
from models.registry import MODELS


def median_epoch(name: str, settings: object, task: EvaluationTask, repeats: int = 7) -> float:
    """The median seconds of an epoch."""
    entry = MODELS[name]
    model = entry.build(task.schema, settings)
    return statistics.median(epoch_seconds(entry, model, task, repeats))


def time_epochs(task: EvaluationTask) -> None:
    """Print HGNN-IMA's epoch over HGT's, with the defaults of each and with equal settings."""
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
        of_ima, of_hgt = median_epoch("hgnn_ima", ima, task), median_epoch("hgt", hgt, task)
        print(
            f"epoch, {name} {width}: HGNN-IMA {of_ima:.3f} s, HGT {of_hgt:.3f} s, "
            f"ratio {of_ima / of_hgt:.2f}"
        )


@torch.no_grad()
def entropies(model: HGNNIMA, task: EvaluationTask) -> list[dict[str, float]]:
    """Relative entropy of α, β, β̄ and β̃ in each layer."""
    target = task.whole[task.whole.target]
    rows = target.val_mask.nonzero().flatten()
    inputs = model.eval().prepare(task.whole, rows)
    edges, count = inputs.edges, sum(x.size(0) for x in inputs.has.values())

    def entropy(share: torch.Tensor) -> float:
        return relative_entropy(share, edges.weight, edges.destination, count)

    layers = []
    for a in model.propagate(inputs)[1]:
        assert a.aligned is not None
        shares = {"α": a.node, "β": a.nested, "β̄": a.aligned, "β̃": a.final}
        layers.append({name: entropy(share) for name, share in shares.items()})
    return layers


def train_both_signs(task: EvaluationTask, training: TrainSettings, seeds: int) -> None:
    """Print scores and attention with (8) as the paper's text describes it and as it is printed."""
    for alignment in ("consistent", "printed"):
        settings = replace(HGNNIMASettings(), alignment=alignment)
        valid, test = [], []
        for seed in range(seeds):
            trained = fit(MODELS["hgnn_ima"], Candidate(settings, training), task, task.whole, seed)
            predicted = predict(trained.model, task.whole, task.test_rows()).argmax(dim=1).cpu()
            classes = task.raw.num_classes
            valid.append(100 * trained.val_micro_f1)
            test.append(100 * score(predicted, task.test_labels(), classes).micro_f1)
            if seed == 0:
                assert isinstance(trained.model, HGNNIMA)
                for layer, values in enumerate(entropies(trained.model, task), 1):
                    shown = ", ".join(f"{name} {value:.4f}" for name, value in values.items())
                    print(f"{alignment}, layer {layer}: relative entropy {shown}", flush=True)
        print(
            f"{alignment}: micro-F1 on validation {_spread(valid)}, on test {_spread(test)}",
            flush=True,
        )


def _spread(values: list[float]) -> str:
    return f"{statistics.fmean(values):.1f} ± {deviation(values):.1f}"


def main() -> None:
    """Time epochs, then train with both signs."""
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
