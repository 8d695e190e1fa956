"""What each part of the self-supervised models contributes, scored on validation nodes.

    python -m benchmarks.switches --data-root DATA [--model shgp] [--dataset acm] [--seeds 1] [--switches …]

Each line changes one switch. It prints macro-F1 of the probe (`evaluate/training/probe.py`) at 20, 40 and
60 labels a class, and NMI. One half of the validation nodes chooses the probe's step and the other half is
scored, then the halves change places. No test label is read. A switch and seed take about a minute on one
core.
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
    """The switches of one model.

    Attributes:
        epochs: of pre-training, by data set.
        switches: name -> settings that differ from the defaults. `UNTRAINED` is measured as well.
    """

    epochs: dict[str, int]
    switches: dict[str, dict[str, Any]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all lines that can be measured."""
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


def cross_probe(x: Tensor, task: EvaluationTask, seed: int) -> float:
    """Mean macro-F1 of the two halves of the validation nodes; the other half chooses the step."""
    train, val = (Nodes.of(task.whole, split) for split in ("train_mask", "val_mask"))
    classes = task.raw.num_classes
    order = torch.randperm(len(val.rows), generator=torch.Generator().manual_seed(0))
    halves = [Nodes(val.rows[part], val.y[part]) for part in order.chunk(2)]
    scores = []
    for selection, held_out in (halves, halves[::-1]):
        probed = probe(x, train, selection, held_out.rows, classes, ProbeSettings(), seed)
        scores.append(score(probed.by_macro.argmax(dim=1), held_out.y, classes).macro_f1)
    return statistics.fmean(scores)


def measure(
    tasks: dict[int, EvaluationTask], model: str, switch: str, epochs: int, seed: int
) -> list[float]:
    """Macro-F1 [%] at each rate, and NMI [%]."""
    task, entry = tasks[60], MODELS[model]
    settings = build(entry.settings, STUDIES[model].switches.get(switch, {}), switch)
    pretraining = build(PretrainSettings, {"epochs": epochs, **entry.training}, model)
    with seeded(seed):
        module = entry.build(task.schema, settings)
        if switch != UNTRAINED:
            pretrain(module, task.whole, pretraining)
    x, val = embeddings(module, task.whole), Nodes.of(task.whole, "val_mask")
    agreement = clustering(x, val.rows, val.y, task.raw.num_classes, starts=2)
    return [100 * v for v in (*(cross_probe(x, t, seed) for t in tasks.values()), agreement.nmi)]


def main() -> None:
    """Print a line for each switch."""
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
