"""How a plan's models are trained and scored: end to end, or by a probe on frozen embeddings."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from condense.data.fingerprint import Digest, fingerprint
from condense.data.graph import SPLITS, UNLABELLED
from evaluate.grid.cell import VERSION, cell_name
from evaluate.reproduce.plan import Entry
from evaluate.training.clustering import clustering
from evaluate.training.metrics import auc, score
from evaluate.training.pretrain import embeddings, pretrain
from evaluate.training.probe import Nodes, probe
from evaluate.training.task import EvaluationTask
from evaluate.training.train import predict
from evaluate.training.tune import Candidate, fit
from models.registry import MODELS
from models.seeding import seeded


@dataclass(frozen=True)
class ScoredTraining:
    """Of one training.

    Attributes:
        values: metric -> score on test nodes.
        seconds: of optimisation.
    """

    values: dict[str, float]
    seconds: float


def cell_of(task: EvaluationTask, entry: Entry, seed: int) -> str:
    """What names a training of a plan: everything that decides how it ends."""
    name = cell_name(
        task.fingerprint, task.setting, task.scaling, "", entry.model, entry.choice, seed
    )
    if entry.pretraining is None:
        return name
    digest = Digest()
    digest.record([VERSION, name, asdict(entry.pretraining), asdict(entry.probe)])
    return digest.hexdigest()[:16]


def end_to_end(task: EvaluationTask, model: str, choice: Candidate, seed: int) -> ScoredTraining:
    """The model learns the training nodes' labels; validation nodes choose its state."""
    result = fit(MODELS[model], choice, task, task.training, seed)
    logits = predict(result.model, task.whole, task.test_rows())
    values = _values(task, logits, logits)
    return ScoredTraining({**values, "val_micro_f1": result.val_micro_f1}, result.train_seconds)


@dataclass(frozen=True)
class Embeddings:
    """What was learnt so far: the splits of a data set, which differ in labels alone, share it.

    Attributes:
        made: key -> embeddings [n, d], and the seconds that they took to learn.
    """

    made: dict[str, tuple[Tensor, float]] = field(default_factory=dict)

    def of(self, task: EvaluationTask, entry: Entry, seed: int) -> tuple[Tensor, float]:
        """Embeddings of all target nodes [n, d], and the seconds that they took to learn."""
        key = self._key(task, entry, seed)
        if key not in self.made:
            with seeded(seed):
                model = MODELS[entry.model].build(task.schema, entry.choice.model)
                model = model.to(task.whole[task.whole.target].y.device)
                assert entry.pretraining is not None  # The caller's.
                plain = entry.pretraining
                seconds = pretrain(model, task.whole, plain) if plain.epochs else 0.0
            self.made[key] = embeddings(model, task.whole), seconds
        return self.made[key]

    @staticmethod
    def _key(task: EvaluationTask, entry: Entry, seed: int) -> str:
        """Of all that pre-training sees: it reads neither labels nor splits."""
        blind = copy.copy(task.whole)
        store = blind[blind.target]
        store.y = torch.full_like(store.y, UNLABELLED)
        for split in SPLITS:
            store[split] = torch.zeros_like(store[split])
        digest = Digest()
        digest.record([fingerprint(blind), entry.model, seed, asdict(entry.choice.model)])
        digest.record([asdict(entry.pretraining)] if entry.pretraining else [])
        return digest.hexdigest()


def probed(task: EvaluationTask, entry: Entry, seed: int, made: Embeddings) -> ScoredTraining:
    """HeCo's protocol: embeddings learnt without labels, a linear probe on them, and clusters of them."""
    x, seconds = made.of(task, entry, seed)
    classes, rows = task.raw.num_classes, task.test_rows()
    train, val = (Nodes.of(task.whole, split) for split in ("train_mask", "val_mask"))
    found = probe(x, train, val, rows, classes, entry.probe, seed)
    values = _values(task, found.by_micro, found.by_macro)
    agreed = clustering(x, rows, task.test_labels(), classes)
    values |= {"nmi": agreed.nmi, "ari": agreed.ari, "val_micro_f1": found.val_micro_f1}
    return ScoredTraining(values, seconds)


def _values(task: EvaluationTask, logits: Tensor, by_macro: Tensor) -> dict[str, float]:
    truth, classes = task.test_labels(), task.raw.num_classes
    scores = score(logits.argmax(dim=1).cpu(), truth, classes)
    macro = score(by_macro.argmax(dim=1).cpu(), truth, classes).macro_f1
    area = auc(logits.softmax(dim=1).cpu(), truth)
    return {
        "accuracy": scores.accuracy,
        "micro_f1": scores.micro_f1,
        "macro_f1": macro,
        "auc": area,
    }
