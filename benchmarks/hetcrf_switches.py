"""What HetCRF's parts are worth: each switch alone, scored on validation nodes.

    python -m benchmarks.hetcrf_switches --data-root DATA_ROOT [--dataset acm] [--seeds 1] [--switches NAME …]

Macro-F1 at 20, 40 and 60 labels a class by the probe of `evaluate/probe.py`, and NMI, on validation nodes:
one half of these chooses the probe's step and the other is scored, then the other way round. No test label is
read. About a minute a switch and seed on one core.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from condense.data.datasets.registry import load_dataset
from evaluate.arena import Arena
from evaluate.clustering import clustering
from evaluate.metrics import score
from evaluate.pretrain import PretrainSettings, embeddings, pretrain
from evaluate.probe import Nodes, ProbeSettings, probe
from models.hetcrf.model import HetCRF
from models.hetcrf.settings import TRAINING, HetCRFSettings
from models.seeding import seeded

EPOCHS = {"acm": 40, "dblp": 60}  # As in configs/paper.
SPLITS = {20: "-20", 40: "-40", 60: ""}
SWITCHES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "no augmentation": {"positives": 0, "deviated": 0.0},
    "meta-paths only": {"deviated": 0.0},
    "clusters only": {"positives": 0},
    "raw views": {"views": "raw"},
    "no generative": {"feature_weight": 0.0, "structure_weight": 0.0},
    "no contrastive": {"contrast_weight": 0.0},
    "twice the clusters": {"clusters": 6},
    "hard negatives": {"negatives": "hard"},
    "other clusters": {"negatives": "apart"},
    "hgt": {"encoder": "hgt"},
    "rgcn": {"encoder": "rgcn"},
}


def crossed(x: Tensor, arena: Arena, seed: int) -> float:
    """Macro-F1 of each half of the validation nodes, the other half choosing the step; their mean."""
    train, val = (Nodes.of(arena.whole, split) for split in ("train_mask", "val_mask"))
    classes = arena.raw.num_classes
    order = torch.randperm(len(val.rows), generator=torch.Generator().manual_seed(0))
    halves = [Nodes(val.rows[part], val.y[part]) for part in order.chunk(2)]
    found = []
    for chooser, asked in (halves, halves[::-1]):
        done = probe(x, train, chooser, asked.rows, classes, ProbeSettings(), seed)
        found.append(score(done.by_macro.argmax(dim=1), asked.y, classes).macro_f1)
    return statistics.fmean(found)


def measure(arenas: dict[int, Arena], name: str, epochs: int, seed: int) -> list[float]:
    """Macro-F1 [%] at each rate, and NMI [%]."""
    arena = arenas[60]
    with seeded(seed):
        model = HetCRF(arena.schema, replace(HetCRFSettings(), **SWITCHES[name]))
        pretrain(model, arena.whole, PretrainSettings(epochs, **TRAINING))
    x, val = embeddings(model, arena.whole), Nodes.of(arena.whole, "val_mask")
    agreed = clustering(x, val.rows, val.y, arena.raw.num_classes, starts=2)
    return [100 * v for v in (*(crossed(x, own, seed) for own in arenas.values()), agreed.nmi)]


def main() -> None:
    """Print a line a switch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--dataset", default="acm", choices=list(EPOCHS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--switches", nargs="+", default=list(SWITCHES), choices=list(SWITCHES))
    arguments = parser.parse_args()
    arenas = {
        rate: Arena.of(load_dataset(arguments.dataset + ending, arguments.data_root))
        for rate, ending in SPLITS.items()
    }
    print(f"{'':20}" + "".join(f"{head:>8}" for head in ("20", "40", "60", "NMI")), flush=True)
    for name in arguments.switches:
        rows = [
            measure(arenas, name, EPOCHS[arguments.dataset], seed)
            for seed in range(arguments.seeds)
        ]
        means = [statistics.fmean(column) for column in zip(*rows, strict=True)]
        print(f"{name:20}" + "".join(f"{value:8.2f}" for value in means), flush=True)


if __name__ == "__main__":
    main()
