"""What the parts of the models without labels are worth: each switch alone, scored on validation nodes.

    python -m benchmarks.switches --data-root DATA [--model shgp] [--dataset acm] [--seeds 1] [--switches …]

Macro-F1 at 20, 40 and 60 labels a class by the probe of `evaluate/training/probe.py`, and NMI, on
validation nodes: one half of these chooses the probe's step and the other is scored, then the other way
round. No test label is read. About a minute a switch and seed on one core.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from condense.config import build
from condense.datasets.load import load_dataset
from evaluate.training.clustering import clustering
from evaluate.training.metrics import score
from evaluate.training.pretrain import PretrainSettings, embeddings, pretrain
from evaluate.training.probe import Nodes, ProbeSettings, probe
from evaluate.training.task import EvaluationTask
from models.registry import MODELS
from models.seeding import seeded

SPLITS = {20: "-20", 40: "-40", 60: ""}
UNTRAINED = "untrained"


@dataclass(frozen=True)
class Study:
    """One model.

    Attributes:
        epochs: of learning, by data set.
        switches: name -> settings, where they differ from the defaults; `UNTRAINED` comes besides.
    """

    epochs: dict[str, int]
    switches: dict[str, dict[str, Any]]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all lines that can be measured."""
        return ("as it is", *self.switches, UNTRAINED)


STUDIES = {
    "hetcrf": Study(
        {"acm": 40, "dblp": 60},  # As in configs/paper.
        {
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
        },
    ),
    "shgp": Study(
        {"acm": 40, "dblp": 40},
        {
            "all features": {"input_dropout": 0.0},
            "one sweep": {"sweeps": 1},
            "50 labels": {"clusters": 50},
            "first labels only": {"warm": 1000},
        },
    ),
    "hero": Study(
        {"acm": 100, "dblp": 20},
        {
            "first round": {"reads": "first"},
            "second round": {"reads": "second"},
            "no distances": {"alpha": 0.0},
            "no specificity": {"specificity": 0.0},
            "learnt projections": {"learnt_projections": True},
            "all features": {"input_dropout": 0.0},
        },
    ),
}


def crossed(x: Tensor, task: EvaluationTask, seed: int) -> float:
    """Macro-F1 of each half of the validation nodes, the other half choosing the step; their mean."""
    train, val = (Nodes.of(task.whole, split) for split in ("train_mask", "val_mask"))
    classes = task.raw.num_classes
    order = torch.randperm(len(val.rows), generator=torch.Generator().manual_seed(0))
    halves = [Nodes(val.rows[part], val.y[part]) for part in order.chunk(2)]
    found = []
    for chooser, asked in (halves, halves[::-1]):
        done = probe(x, train, chooser, asked.rows, classes, ProbeSettings(), seed)
        found.append(score(done.by_macro.argmax(dim=1), asked.y, classes).macro_f1)
    return statistics.fmean(found)


def measure(
    tasks: dict[int, EvaluationTask], model: str, switch: str, epochs: int, seed: int
) -> list[float]:
    """Macro-F1 [%] at each rate, and NMI [%]."""
    task, entry = tasks[60], MODELS[model]
    settings = build(entry.settings, STUDIES[model].switches.get(switch, {}), switch)
    learning = build(PretrainSettings, {"epochs": epochs, **entry.training}, model)
    with seeded(seed):
        module = entry.build(task.schema, settings)
        if switch != UNTRAINED:
            pretrain(module, task.whole, learning)
    x, val = embeddings(module, task.whole), Nodes.of(task.whole, "val_mask")
    agreed = clustering(x, val.rows, val.y, task.raw.num_classes, starts=2)
    return [100 * v for v in (*(crossed(x, own, seed) for own in tasks.values()), agreed.nmi)]


def main() -> None:
    """Print a line a switch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--model", default="hetcrf", choices=list(STUDIES))
    parser.add_argument("--dataset", default="acm", choices=["acm", "dblp"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--switches", nargs="+", help="by default all of the model's")
    arguments = parser.parse_args()
    study = STUDIES[arguments.model]
    for name in arguments.switches or ():
        if name not in study.names:
            parser.error(f"--switches (got {name!r}) must be among {', '.join(study.names)}")
    tasks = {
        rate: EvaluationTask.of(load_dataset(arguments.dataset + ending, arguments.data_root))
        for rate, ending in SPLITS.items()
    }
    epochs = study.epochs[arguments.dataset]
    print(f"{arguments.model:20}" + "".join(f"{head:>8}" for head in ("20", "40", "60", "NMI")))
    for name in arguments.switches or study.names:
        rows = [
            measure(tasks, arguments.model, name, epochs, seed) for seed in range(arguments.seeds)
        ]
        means = [statistics.fmean(column) for column in zip(*rows, strict=True)]
        print(f"{name:20}" + "".join(f"{value:8.2f}" for value in means), flush=True)


if __name__ == "__main__":
    main()
