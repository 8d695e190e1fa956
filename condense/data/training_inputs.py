"""What a model trains on in each epoch: the graph as it is or, where it has a spread, a new draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from condense.data.graph import UNLABELLED, MultimodalGraph
from condense.data.spread import draw
from condense.data.spread.spread import spread_of


def training_inputs(
    model: Any, graph: MultimodalGraph, seed: int, uses_edges: bool = True
) -> Iterator[tuple[Any, Tensor, Tensor]]:
    """The model's inputs, labels and weights in each epoch: always the same, or of a new draw.

    Args:
        model: a `NodeClassifier`.
        graph: to train on, features in scaled units.
        seed: of the draws.
        uses_edges: whether the model reads more than a node's own features, as its `ModelEntry` says; if it
            does not, neighbours are not drawn.
    """
    spread = spread_of(graph)
    if spread is None:
        rows, labels, weight = training_nodes(graph)
        inputs = model.prepare(graph, rows)
        while True:
            yield inputs, labels, weight
    generator = torch.Generator(graph[graph.target].y.device).manual_seed(seed)
    while True:
        drawn = draw(graph, spread, generator, uses_edges)
        rows, labels, weight = training_nodes(drawn)
        yield model.prepare(drawn, rows), labels, weight


def training_nodes(graph: MultimodalGraph) -> tuple[Tensor, Tensor, Tensor]:
    """The training nodes: rows [k], labels (classes [k] or distributions [k, C]), weights [k] of sum 1."""
    store = graph[graph.target]
    mask = store.get("train_mask")
    learn = (store.y != UNLABELLED) if mask is None else mask
    rows = learn.nonzero().flatten()
    labels = store.y_soft[rows] if "y_soft" in store else store.y[rows]
    weight = torch.full((len(rows),), 1.0 / len(rows), device=rows.device)
    return rows, labels, weight
