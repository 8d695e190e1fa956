"""How a plan's models are trained and scored: end to end, or by a probe on frozen embeddings."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from condense.data.fingerprint import Digest, fingerprint
from condense.data.graph import SPLITS, UNLABELLED
from evaluate.grid.cell import VERSION, cell_name
from evaluate.reproduce.condensing import CondensedGraphs
from evaluate.reproduce.plan import Entry
from evaluate.training.clustering import clustering
from evaluate.training.metrics import METRICS
from evaluate.training.pretrain import embeddings, pretrain
from evaluate.training.probe import Nodes, probe
from evaluate.training.task import EvaluationTask
from evaluate.training.train import predict
from evaluate.training.tune import fit
from models.registry import MODELS
from models.seeding import seeded


@dataclass(frozen=True)
class ScoredTraining:
    """The scores of one training.

    Attributes:
        values: metric -> score on test nodes.
        seconds: of optimisation.
    """

    values: dict[str, float]
    seconds: float


def cell_of(task: EvaluationTask, entry: Entry, seed: int) -> str:
    """The name of a training of a plan, a digest of everything that determines how it ends and scores."""
    name = cell_name(
        task.fingerprint, task.setting, task.scaling, "", entry.model, entry.choice, seed,
        task.test_digest,
    )  # fmt: skip
    digest = Digest()
    if entry.condensing is not None:
        digest.record([VERSION, name, *entry.condensing.record()])
    elif entry.pretraining is not None:
        digest.record([VERSION, name, asdict(entry.pretraining), asdict(entry.probe)])
    else:
        return name
    return digest.hexdigest()[:16]


def end_to_end(
    task: EvaluationTask, entry: Entry, seed: int, condensed: CondensedGraphs
) -> ScoredTraining:
    """Train on the training nodes' labels or on a condensed graph; validation nodes choose the model's state.

    Condensing does not count in the seconds.
    """
    graph = task.training
    if entry.condensing is not None:
        graph = condensed.of(task, entry.condensing, seed)
    result = fit(MODELS[entry.model], entry.choice, task, graph, seed)
    logits = predict(result.model, task.whole, task.test_rows(), epoch=result.epoch)
    values = _values(task, logits, logits)
    return ScoredTraining({**values, "val_micro_f1": result.val_micro_f1}, result.train_seconds)


@dataclass(frozen=True)
class Embeddings:
    """Embeddings learnt so far; splits of one data set, which differ in labels alone, share them.

    Attributes:
        learnt: key -> embeddings [n, d], and the seconds that they took to learn.
    """

    learnt: dict[str, tuple[Tensor, float]] = field(default_factory=dict)

    def of(self, task: EvaluationTask, entry: Entry, seed: int) -> tuple[Tensor, float]:
        """Embeddings of all target nodes [n, d], and the seconds that they took to learn."""
        key = self._key(task, entry, seed)
        if key not in self.learnt:
            with seeded(seed):
                model = MODELS[entry.model].build(task.schema, entry.choice.model)
                model = model.to(task.whole[task.whole.target].y.device)
                assert entry.pretraining is not None  # The caller's.
                plain = entry.pretraining
                seconds = pretrain(model, task.whole, plain) if plain.epochs else 0.0
            self.learnt[key] = embeddings(model, task.whole, plain.epochs), seconds
        return self.learnt[key]

    @staticmethod
    def _key(task: EvaluationTask, entry: Entry, seed: int) -> str:
        """A digest of everything that pre-training reads, which excludes labels and splits."""
        blind = copy.copy(task.whole)
        store = blind[blind.target]
        store.y = torch.full_like(store.y, UNLABELLED)
        for split in SPLITS:
            store[split] = torch.zeros_like(store[split])
        digest = Digest()
        digest.record([fingerprint(blind), entry.model, seed, asdict(entry.choice.model)])
        digest.record([asdict(entry.pretraining)] if entry.pretraining else [])
        return digest.hexdigest()


def probed(task: EvaluationTask, entry: Entry, seed: int, embedded: Embeddings) -> ScoredTraining:
    """HeCo's protocol: learn embeddings without labels, then probe them linearly and cluster them."""
    x, seconds = embedded.of(task, entry, seed)
    classes, rows = task.raw.num_classes, task.test_rows()
    train, val = (Nodes.of(task.whole, split) for split in ("train_mask", "val_mask"))
    result = probe(x, train, val, rows, classes, entry.probe, seed)
    values = _values(task, result.by_micro, result.by_macro)
    agreed = clustering(x, rows, task.test_labels(), classes)
    values |= {"nmi": agreed.nmi, "ari": agreed.ari, "val_micro_f1": result.val_micro_f1}
    return ScoredTraining(values, seconds)


def _values(task: EvaluationTask, logits: Tensor, by_macro: Tensor) -> dict[str, float]:
    """The scores of all `METRICS`; macro-F1 is that of the logits chosen by macro-F1."""
    truth, by_micro, by_macro = task.test_labels(), logits.cpu(), by_macro.cpu()
    return {
        name: metric(by_macro if name == "macro_f1" else by_micro, truth)
        for name, metric in METRICS.items()
    }
