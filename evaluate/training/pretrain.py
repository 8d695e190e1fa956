"""Learning embeddings without labels, and computing them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData

from condense.data.graph import num_target
from condense.running.timing import synchronise
from evaluate.training.finite import check_finite, check_loss


@dataclass(frozen=True)
class PretrainSettings:
    """How embeddings are learnt.

    Attributes:
        epochs: full-batch steps of Adam; 0 keeps the encoder's random initialisation.
        lr: learning rate.
        weight_decay: weight decay of Adam.
    """

    epochs: int = 60
    lr: float = 0.003
    weight_decay: float = 0.0


def pretrain(
    model: Any,
    graph: HeteroData,
    settings: PretrainSettings,
    on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> float:
    """Train a module in place on its own loss; neither labels nor splits are read.

    Args:
        model: a module that implements `models.self_supervised.SelfSupervised`.
        graph: a graph with complete, scaled features, as `EvaluationTask.whole`.
        settings: see `PretrainSettings`.
        on_epoch: called after each step with its number, from 1, and its loss.

    Returns:
        Seconds of training, preparation included.

    Raises:
        DivergedError: the loss is infinite or NaN; it names the epoch.
    """
    started = time.perf_counter()
    device = graph[graph.target].y.device
    inputs = model.prepare(graph, torch.arange(num_target(graph), device=device))
    optimiser = torch.optim.Adam(
        model.parameters(), settings.lr, weight_decay=settings.weight_decay, fused=True
    )
    for epoch in range(1, settings.epochs + 1):
        model.train()
        loss, _ = model.pretraining(inputs)
        value = float(loss.detach())
        check_loss(value, epoch, "loss of pre-training")
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        on_epoch(epoch, value)
    synchronise(device)
    return time.perf_counter() - started


@torch.no_grad()
def embeddings(model: Any, graph: HeteroData, epoch: int | None = None) -> Float[Tensor, "n d"]:
    """The embeddings of all target nodes of `graph`, which may differ from the graph trained on.

    Raises:
        DivergedError: a value is infinite or NaN; it names `epoch`, that of the model, if it is given.
    """
    device = graph[graph.target].y.device
    inputs = model.eval().prepare(graph, torch.arange(num_target(graph), device=device))
    embedded = model.embed(inputs)
    check_finite(embedded, "embeddings", epoch)
    return embedded
