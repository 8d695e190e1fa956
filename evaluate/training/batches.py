"""Mini-batches of training nodes, and answers in blocks, for models that classify each row by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from condense.errors import UserError
from models.rows import some_rows

BLOCK = 1024
"""Rows that are answered at once where a model allows it: intermediate results then stay in the cache."""


def check_batch_size(model: Any, size: int | None) -> None:
    """Raise unless a model can be trained in batches of `size` rows; None is all rows at once.

    Raises:
        UserError: it cannot.
    """
    if size is None:
        return
    if size < 1:
        raise UserError(
            f"batch_size (got {size}) must be at least 1, or None for all training nodes"
        )
    if not model.by_rows:
        raise UserError(
            f"batch_size (got {size}) needs a model that classifies each node by itself, such as MLP and "
            f"SeHGNN; {type(model).__name__} passes messages among all nodes: leave batch_size out"
        )


def batches(
    prepared: tuple[Any, Tensor, Tensor], size: int | None, generator: torch.Generator
) -> Iterator[tuple[Any, Tensor, Float[Tensor, " rows"]]]:
    """Inputs, labels and weights of each step of an epoch, in random order; weights of a step sum to one.

    Args:
        prepared: those of the whole epoch.
        size: rows a step; None takes all in one step.
        generator: decides on the order; on the CPU.
    """
    inputs, labels, weight = prepared
    if size is None or size >= len(labels):
        yield prepared
        return
    for rows in torch.randperm(len(labels), generator=generator).to(labels.device).split(size):
        part = weight[rows]
        yield some_rows(inputs, rows), labels[rows], part / part.sum()


def answers(model: Any, inputs: Any, count: int) -> Float[Tensor, "rows C"]:
    """Logits of `count` prepared rows."""
    if not model.by_rows or count <= BLOCK:
        return model(inputs)
    blocks = [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]
    return torch.cat([model(some_rows(inputs, block)) for block in blocks])
