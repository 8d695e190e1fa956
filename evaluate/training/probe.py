"""How well a linear probe of frozen embeddings predicts the classes: HeCo's protocol (Wang et al., KDD 2021).

A logistic regression learns the training nodes' classes with Adam. After every step it is scored on the
validation nodes; macro-F1 is reported at the step with the best macro-F1 there, micro-F1 and AUC at the step
with the best micro-F1; ties go to the first step. HeCo repeats this fifty times on one embedding; if each
seed has an embedding of its own, scores vary more.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from condense.data.graph import MultimodalGraph
from evaluate.training.finite import check_loss
from evaluate.training.metrics import score
from models.seeding import seeded


@dataclass(frozen=True)
class ProbeSettings:
    """Settings of `probe`.

    Attributes:
        steps: steps of Adam (HeCo's).
        lr: learning rate (HeCo's on DBLP; .05 on ACM).
        weight_decay: weight decay of Adam (HeCo's).
    """

    steps: int = 200
    lr: float = 0.01
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Nodes:
    """Some nodes and their classes.

    Attributes:
        rows: node numbers.
        y: their classes 0 … C−1.
    """

    rows: Int[Tensor, " k"]
    y: Int[Tensor, " k"]

    @classmethod
    def of(cls, graph: MultimodalGraph, split: str) -> Nodes:
        """The target nodes of a split, "train_mask", "val_mask" or "test_mask"."""
        store = graph[graph.target]
        rows = store[split].nonzero().flatten()
        return cls(rows, store.y[rows])


@dataclass(frozen=True)
class Probed:
    """The probe at the steps that score best on validation nodes.

    Attributes:
        val_macro_f1: the best macro-F1 on validation nodes.
        val_micro_f1: the best micro-F1 on validation nodes.
        by_macro: logits of the requested nodes at the step of the best macro-F1.
        by_micro: their logits at the step of the best micro-F1.
    """

    val_macro_f1: float
    val_micro_f1: float
    by_macro: Float[Tensor, "asked C"]
    by_micro: Float[Tensor, "asked C"]


def probe(
    x: Float[Tensor, "n d"],
    train: Nodes,
    val: Nodes,
    asked: Int[Tensor, " asked"],
    num_classes: int,
    settings: ProbeSettings,
    seed: int,
) -> Probed:
    """Train a probe and predict the nodes `asked`, whose classes it never sees.

    Args:
        x: frozen embeddings of all nodes.
        train: training nodes.
        val: validation nodes, which choose the step.
        asked: numbers of the nodes to predict.
        num_classes: C.
        settings: see `ProbeSettings`.
        seed: seed of the probe's initialisation.

    Raises:
        DivergedError: the probe's loss is infinite or NaN; it names the step as an epoch.
    """
    with seeded(seed):
        linear = nn.Linear(x.size(1), num_classes, device=x.device, dtype=x.dtype)
    nn.init.zeros_(linear.bias)
    optimiser = torch.optim.Adam(
        linear.parameters(), settings.lr, weight_decay=settings.weight_decay, fused=True
    )
    best = {name: (-1.0, linear.state_dict()) for name in ("macro_f1", "micro_f1")}
    for step in range(1, settings.steps + 1):
        fit = nn.functional.cross_entropy(linear(x[train.rows]), train.y)
        check_loss(float(fit.detach()), step, "loss of the probe")
        optimiser.zero_grad()
        fit.backward()
        optimiser.step()
        with torch.no_grad():
            reached = score(linear(x[val.rows]).argmax(dim=1), val.y, num_classes)
        for name, (highest, _) in best.items():
            if (value := getattr(reached, name)) > highest:
                best[name] = value, {k: v.clone() for k, v in linear.state_dict().items()}
    logits = {}
    for name, (_, state) in best.items():
        linear.load_state_dict(state)
        with torch.no_grad():
            logits[name] = linear(x[asked])
    return Probed(best["macro_f1"][0], best["micro_f1"][0], logits["macro_f1"], logits["micro_f1"])
