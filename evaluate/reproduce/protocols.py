"""How a plan's models are trained and scored: end to end, or by a probe on frozen embeddings."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from condense.data.fingerprint import Digest, fingerprint
from condense.data.graph import SPLITS, UNLABELLED
from evaluate.arena import Arena
from evaluate.cells import VERSION, cell_name
from evaluate.clustering import clustering
from evaluate.metrics import auc, score
from evaluate.pretrain import embeddings, pretrain
from evaluate.probe import Nodes, probe
from evaluate.reproduce.plan import Entry
from evaluate.train import predict
from evaluate.tune import Candidate, fit
from models.registry import MODELS
from models.seeding import seeded


@dataclass(frozen=True)
class Outcome:
    """Of one training.

    Attributes:
        values: metric -> score on test nodes.
        seconds: of optimisation.
    """

    values: dict[str, float]
    seconds: float


def cell_of(arena: Arena, entry: Entry, seed: int) -> str:
    """What names a training of a plan: everything that decides how it ends."""
    name = cell_name(
        arena.fingerprint, arena.setting, arena.scaling, "", entry.model, entry.choice, seed
    )
    if entry.pretraining is None:
        return name
    digest = Digest()
    digest.record([VERSION, name, asdict(entry.pretraining), asdict(entry.probe)])
    return digest.hexdigest()[:16]


def end_to_end(arena: Arena, model: str, choice: Candidate, seed: int) -> Outcome:
    """The model learns the training nodes' labels; validation nodes choose its state."""
    result = fit(MODELS[model], choice, arena, arena.training, seed)
    logits = predict(result.model, arena.whole, arena.test_rows())
    values = _values(arena, logits, logits)
    return Outcome({**values, "val_micro_f1": result.val_micro_f1}, result.train_seconds)


@dataclass(frozen=True)
class Embeddings:
    """What was learnt so far: the splits of a data set, which differ in labels alone, share it.

    Attributes:
        made: key -> embeddings [n, d], and the seconds that they took to learn.
    """

    made: dict[str, tuple[Tensor, float]] = field(default_factory=dict)

    def of(self, arena: Arena, entry: Entry, seed: int) -> tuple[Tensor, float]:
        """Embeddings of all target nodes [n, d], and the seconds that they took to learn."""
        key = self._key(arena, entry, seed)
        if key not in self.made:
            with seeded(seed):
                model = MODELS[entry.model].build(arena.schema, entry.choice.model)
                model = model.to(arena.whole[arena.whole.target].y.device)
                assert entry.pretraining is not None  # The caller's.
                plain = entry.pretraining
                seconds = pretrain(model, arena.whole, plain) if plain.epochs else 0.0
            self.made[key] = embeddings(model, arena.whole), seconds
        return self.made[key]

    @staticmethod
    def _key(arena: Arena, entry: Entry, seed: int) -> str:
        """Of all that pre-training sees: it reads neither labels nor splits."""
        blind = copy.copy(arena.whole)
        store = blind[blind.target]
        store.y = torch.full_like(store.y, UNLABELLED)
        for split in SPLITS:
            store[split] = torch.zeros_like(store[split])
        digest = Digest()
        digest.record([fingerprint(blind), entry.model, seed, asdict(entry.choice.model)])
        digest.record([asdict(entry.pretraining)] if entry.pretraining else [])
        return digest.hexdigest()


def probed(arena: Arena, entry: Entry, seed: int, made: Embeddings) -> Outcome:
    """HeCo's protocol: embeddings learnt without labels, a linear probe on them, and clusters of them."""
    x, seconds = made.of(arena, entry, seed)
    classes, rows = arena.raw.num_classes, arena.test_rows()
    train, val = (Nodes.of(arena.whole, split) for split in ("train_mask", "val_mask"))
    found = probe(x, train, val, rows, classes, entry.probe, seed)
    values = _values(arena, found.by_micro, found.by_macro)
    agreed = clustering(x, rows, arena.test_labels(), classes)
    values |= {"nmi": agreed.nmi, "ari": agreed.ari, "val_micro_f1": found.val_micro_f1}
    return Outcome(values, seconds)


def _values(arena: Arena, logits: Tensor, by_macro: Tensor) -> dict[str, float]:
    truth, classes = arena.test_labels(), arena.raw.num_classes
    scores = score(logits.argmax(dim=1).cpu(), truth, classes)
    macro = score(by_macro.argmax(dim=1).cpu(), truth, classes).macro_f1
    area = auc(logits.softmax(dim=1).cpu(), truth)
    return {
        "accuracy": scores.accuracy,
        "micro_f1": scores.micro_f1,
        "macro_f1": macro,
        "auc": area,
    }
