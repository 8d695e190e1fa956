"""How hard the simulated AMAZON-1 is: the whole graph, without text, without images, and a random 1 %.

    python -m benchmarks.amazon1_difficulty [--scale 1] [--epochs 100] [--seeds 1]

Every row trains one model with the same optimiser and the same number of full-batch steps, keeps the state
with the best validation score, and is scored on the whole graph's validation and test nodes together. The
distance between the MLP, which ignores the edges, and HGT shows what the edges are worth. At scale 1 it
takes about an hour on one core, most of it for HGT.
"""

from __future__ import annotations

import argparse
import copy
import time

import torch
from torch import Tensor

from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph
from condense.datasets.amazon1_simulated import simulate_amazon1
from evaluate.training.metrics import score
from evaluate.training.train import TrainSettings, predict, train
from models.registry import MODELS
from models.schema import GraphSchema


def without(graph: MultimodalGraph, modality: str) -> MultimodalGraph:
    """`graph` with one modality removed."""
    reduced = copy.copy(graph)
    for key in (f"x_{modality}", f"has_{modality}"):
        if key in reduced["item"]:
            del reduced["item"][key]
    return reduced


def random_sample(graph: MultimodalGraph, ratio: float, seed: int) -> MultimodalGraph:
    """ratio · n training items, drawn by class proportion, with the edges among them."""
    item = graph["item"]
    generator = torch.Generator().manual_seed(seed)
    budget = round(ratio * item.num_nodes)
    share = budget / int(item.train_mask.sum())
    rows = []
    for c in range(graph.num_classes):
        members = (item.train_mask & (item.y == c)).nonzero().flatten()
        take = max(1, round(share * len(members)))
        rows.append(members[torch.randperm(len(members), generator=generator)[:take]])
    return graph.subgraph({"item": torch.cat(rows)})


def measure(
    model: str, trained_on: MultimodalGraph, whole: MultimodalGraph, epochs: int, seed: int
) -> tuple[float, float]:
    """Micro-F1 and macro-F1 on the validation and test nodes of `whole`."""
    torch.manual_seed(seed)
    entry = MODELS[model]
    # Fixed, so that a model's new default does not change the measured difficulty.
    fixed = {"input_dropout": 0.5} if model in ("mlp", "hgt") else {}
    network = entry.build(GraphSchema.of(whole), entry.settings(**fixed))
    train(network, trained_on, whole, TrainSettings(epochs=epochs, lr=0.01), entry.loss)
    item = whole["item"]
    rows = (item.val_mask | item.test_mask).nonzero().flatten()
    predicted: Tensor = predict(network, whole, rows).argmax(dim=1)
    scores = score(predicted, item.y[rows], whole.num_classes)
    return scores.micro_f1, scores.macro_f1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--models", nargs="+", default=["mlp", "sgc", "hgt"], choices=list(MODELS))
    arguments = parser.parse_args()

    raw = simulate_amazon1(arguments.scale)
    whole = FeatureScaler.fit(raw).apply(raw)
    no_text, no_image = without(whole, "text"), without(whole, "image")
    print(f"amazon1 (simulated), scale {arguments.scale:g}, {arguments.epochs} epochs")
    print(
        f"{'model':9}{'data':16}{'seed':>5}{'micro-F1':>10}{'macro-F1':>10}{'of whole':>10}{'s':>7}"
    )
    for model in arguments.models:
        for seed in range(arguments.seeds):
            rows = {
                "whole": (whole, whole),
                "random 1 %": (random_sample(whole, 0.01, seed), whole),
                "without text": (no_text, no_text),
                "without image": (no_image, no_image),
            }
            reference = None
            for name, (trained_on, tested_on) in rows.items():
                started = time.perf_counter()
                micro, macro = measure(model, trained_on, tested_on, arguments.epochs, seed)
                reference = reference or micro
                print(
                    f"{model:9}{name:16}{seed:5}{micro:10.4f}{macro:10.4f}{micro / reference:10.3f}"
                    f"{time.perf_counter() - started:7.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
