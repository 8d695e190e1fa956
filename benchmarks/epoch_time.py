"""How long a training epoch takes, for the benchmarks of models."""

from __future__ import annotations

import time
from typing import Any

import torch

from condense.data.training_inputs import training_nodes
from evaluate.training.task import EvaluationTask
from models.registry import ModelEntry


def epoch_seconds(entry: ModelEntry, model: Any, task: EvaluationTask, count: int) -> list[float]:
    """Seconds of each of `count` full-batch steps of the trainer: forward, backward, Adam.

    The first step also warms up.
    """
    rows, labels, weight = training_nodes(task.whole)
    inputs = model.prepare(task.whole, rows)
    optimiser = torch.optim.Adam(model.parameters(), 0.001, fused=True)
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        loss = entry.loss(model, inputs, labels, weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seconds.append(time.perf_counter() - started)
    return seconds
