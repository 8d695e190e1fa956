"""Training one model on one graph and predicting the whole graph's nodes."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from condense.data.graph import MultimodalGraph
from condense.data.training_inputs import training_graphs, training_inputs
from condense.running.timing import synchronise
from evaluate.training.batches import answers, batches, check_batch_size
from evaluate.training.finite import check_finite, check_loss
from evaluate.training.memory import TrainingPeak
from evaluate.training.metrics import score
from evaluate.training.rising import still_rising
from models.classifier import cross_entropy


@dataclass(frozen=True)
class TrainSettings:
    """How every model is trained, on whole and condensed graphs alike.

    Attributes:
        epochs: steps of Adam on all training nodes, or passes over them in batches.
        check_every: epochs between validations on the whole graph.
        lr: learning rate.
        weight_decay: weight decay of Adam.
        patience: stop once all validations of this many epochs had both a greater loss than the least so
            far and a lower score than the best (the rule of HGNN-IMA, section 5.3); None trains for all
            epochs.
        keep: which validated state is kept: the one with the best score, or with the least loss, which
            depends less on chance where many epochs score almost the same.
        batch_size: training nodes a step, in random order; None takes all. Only for models that classify
            each node by itself (`by_rows`).
    """

    epochs: int = 200
    check_every: int = 20
    lr: float = 0.003
    weight_decay: float = 5e-4
    patience: int | None = None
    keep: Literal["score", "loss"] = "score"
    batch_size: int | None = None

    def values(self) -> dict[str, Any]:
        """All settings by name; without the batch size where there is none, so that trainings keep their
        names.
        """
        return {k: v for k, v in asdict(self).items() if k != "batch_size" or v is not None}


@dataclass(frozen=True)
class Trained:
    """A trained model at its best validated state.

    Attributes:
        model: the model with its parameters of `epoch`.
        val_micro_f1: micro-F1 on validation nodes at `epoch`.
        epoch: epoch of the state that was kept, counted from 1.
        train_seconds: seconds of optimisation and of preparing the training inputs.
        validate_seconds: seconds of validation, on far more nodes than a condensed graph has.
        peak_bytes: memory that optimisation took, see `TrainingPeak`; None where the system does not
            report it.
        rising: whether the validation score was still rising when the training ended, see
            `evaluate.training.rising`; None where a single validation cannot tell.
    """

    model: nn.Module
    val_micro_f1: float
    epoch: int
    train_seconds: float
    validate_seconds: float
    peak_bytes: int | None = None
    rising: bool | None = None


@dataclass(frozen=True)
class Check:
    """The state of a training after a validation.

    Attributes:
        epoch: counted from 1.
        val_micro_f1: micro-F1 on validation nodes at this epoch.
        best: the greatest one so far.
        train_seconds: see `Trained`; so far.
        validate_seconds: likewise.
    """

    epoch: int
    val_micro_f1: float
    best: float
    train_seconds: float
    validate_seconds: float


def unwatched(check: Check) -> None:
    """Ignore the check; the callback of trainings that nobody watches."""


Steps = Iterator[Iterable[tuple[Any, Tensor, Tensor]]]
"""For each epoch the inputs, labels and weights of its optimiser steps; weights of a step sum to one."""


@dataclass(frozen=True)
class Validation:
    """Validation nodes that are at hand.

    Attributes:
        labels: their classes.
        logits: of these nodes, by the model as it is.
    """

    labels: Tensor
    logits: Callable[[], Float[Tensor, "rows C"]]


def train(
    model: Any,
    trained_on: MultimodalGraph,
    validation: MultimodalGraph,
    settings: TrainSettings,
    loss: Callable[[Any, Any, Tensor, Tensor], Tensor] = cross_entropy,
    on_check: Callable[[Check], None] = unwatched,
    seed: int = 0,
    uses_edges: bool = True,
) -> Trained:
    """Train `model`, keeping the state that does best on validation nodes.

    A condensed graph with a spread is drawn anew in each epoch, which counts as training.

    Args:
        model: a `NodeClassifier` module; it is trained in place.
        trained_on: the graph to train on: the nodes of its train_mask or, if it has none, all labelled nodes.
        validation: the graph in which validation nodes are scored: the whole graph with test labels hidden,
            or in the inductive setting the graph without test nodes.
        settings: see `TrainSettings`.
        loss: (model, inputs, labels, weights) -> what training minimises.
        on_check: called after every validation; an exception that it raises ends the training.
        seed: of draws and of the order of batches.
        uses_edges: as the model's `ModelEntry` says; if it does not, draws have no neighbours.

    Raises:
        DivergedError: the loss, or a logit of a validation node, is infinite or NaN; it names the epoch.
        UserError: `batch_size` does not suit the model.
    """

    def at_hand() -> Validation:
        store = validation[validation.target]
        rows = store.val_mask.nonzero().flatten()
        inputs = model.prepare(validation, rows)
        return Validation(store.y[rows], lambda: answers(model, inputs, len(rows)))

    return train_on_steps(
        model,
        steps_on(model, trained_on, settings, seed, uses_edges),
        at_hand,
        settings,
        loss,
        on_check,
    )


def steps_on(
    model: Any, trained_on: MultimodalGraph, settings: TrainSettings, seed: int, uses_edges: bool
) -> Steps:
    """The steps of each epoch on a graph in memory; see `train`."""
    check_batch_size(model, settings.batch_size)
    order = torch.Generator().manual_seed(seed)
    prepared = training_inputs(model, training_graphs(trained_on, seed, uses_edges))
    return (batches(inputs, settings.batch_size, order) for inputs in prepared)


def train_on_steps(
    model: Any,
    steps: Steps,
    validation: Callable[[], Validation],
    settings: TrainSettings,
    loss: Callable[[Any, Any, Tensor, Tensor], Tensor] = cross_entropy,
    on_check: Callable[[Check], None] = unwatched,
    prepared: float = 0.0,
) -> Trained:
    """`train` on steps from anywhere.

    Args:
        model: a `NodeClassifier` module; it is trained in place.
        steps: of at least `settings.epochs` epochs, each made when it is asked for, which counts as training.
        validation: finds the validation nodes; called once.
        settings: see `TrainSettings`.
        loss: (model, inputs, labels, weights) -> what training minimises.
        on_check: called after every validation; an exception that it raises ends the training.
        prepared: seconds that preparing the training inputs took before; they count as training.

    Raises:
        DivergedError: as of `train`.
    """
    memory = TrainingPeak(next(model.parameters()).device)
    started = time.perf_counter()
    optimiser = torch.optim.Adam(
        model.parameters(), settings.lr, weight_decay=settings.weight_decay, fused=True
    )
    train_seconds = prepared + time.perf_counter() - started
    memory.pause()

    started = time.perf_counter()
    found = validation()
    validate_seconds = time.perf_counter() - started
    memory.resume()
    best_state, best_epoch, kept = model.state_dict(), 0, 0.0
    best, least_loss, improved_at = -1.0, float("inf"), 0
    scores: list[float] = []
    place = 0  # Of the kept state in `scores`.
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        model.train()
        for inputs, labels, weight in next(steps):
            value = loss(model, inputs, labels, weight)
            check_loss(float(value.detach()), epoch)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
        synchronise(found.labels.device)
        train_seconds += time.perf_counter() - started
        if epoch % settings.check_every and epoch != settings.epochs:
            continue
        memory.pause()
        started = time.perf_counter()
        reached, val_loss = _validate(model, found, epoch)
        if reached >= best or val_loss <= least_loss:
            improved_at = epoch
        if reached > best if settings.keep == "score" else val_loss < least_loss:
            best_epoch, kept, place = epoch, reached, len(scores)
            best_state = copy.deepcopy(model.state_dict())
        scores.append(reached)
        best, least_loss = max(best, reached), min(least_loss, val_loss)
        validate_seconds += time.perf_counter() - started
        on_check(Check(epoch, reached, best, train_seconds, validate_seconds))
        memory.resume()
        if settings.patience is not None and epoch - improved_at >= settings.patience:
            rising = False
            break
    else:
        rising = still_rising(scores, place, len(found.labels))
    model.load_state_dict(best_state)
    return Trained(model, kept, best_epoch, train_seconds, validate_seconds, memory.rise, rising)


@torch.no_grad()
def _validate(model: nn.Module, validation: Validation, epoch: int) -> tuple[float, float]:
    """Micro-F1 and mean cross-entropy on the validation nodes."""
    model.eval()
    logits, labels = validation.logits(), validation.labels
    check_finite(logits, "logits of validation nodes", epoch)
    loss = float(nn.functional.cross_entropy(logits, labels))
    return score(logits.argmax(dim=1), labels, logits.size(1)).micro_f1, loss


@torch.no_grad()
def predict(
    model: Any,
    graph: MultimodalGraph,
    rows: Tensor,
    block: int = 4096,
    epoch: int | None = None,
) -> Float[Tensor, "rows C"]:
    """Logits of the target nodes `rows`, computed in blocks if the model allows it, to bound the memory.

    Raises:
        DivergedError: a logit is infinite or NaN; it names `epoch`, that of the model's state, if given.
    """
    model.eval()
    parts = rows.split(block) if model.by_rows else [rows]
    logits = torch.cat([model(model.prepare(graph, part)) for part in parts])
    check_finite(logits, "predicted logits", epoch)
    return logits
