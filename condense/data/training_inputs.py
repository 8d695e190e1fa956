"""What a model trains on in each epoch: the graph as it is or, where it has a spread, a new draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

import torch
from torch import Tensor

from condense.data.graph import UNLABELLED, MultimodalGraph
from condense.data.spread import draw
from condense.data.spread.spread import spread_of


def training_graphs(
    graph: MultimodalGraph, seed: int, neighbours: bool = True
) -> Iterator[MultimodalGraph]:
    """The graph of each epoch: always the same or, where it has a spread, a new draw.

    Args:
        graph: to train on, features in scaled units.
        seed: of the draws.
        neighbours: whether draws have any; models that read a node's own features alone need none.
    """
    spread = spread_of(graph)
    if spread is None:
        yield from repeat(graph)
        return
    generator = torch.Generator(graph[graph.target].y.device).manual_seed(seed)
    while True:
        yield draw(graph, spread, generator, neighbours)


def training_inputs(
    model: Any, graphs: Iterable[MultimodalGraph]
) -> Iterator[tuple[Any, Tensor, Tensor]]:
    """The model's inputs, labels and weights in each epoch.

    Args:
        model: a `NodeClassifier`.
        graphs: one an epoch; of the same graph several times in a row, inputs are prepared once.
    """
    before, prepared = None, None
    for graph in graphs:
        if prepared is None or graph is not before:
            rows, labels, weight = training_nodes(graph)
            before, prepared = graph, (model.prepare(graph, rows), labels, weight)
        yield prepared


def training_nodes(graph: MultimodalGraph) -> tuple[Tensor, Tensor, Tensor]:
    """The training nodes: rows [k], labels (classes [k] or distributions [k, C]), weights [k] of sum 1."""
    store = graph[graph.target]
    mask = store.get("train_mask")
    learn = (store.y != UNLABELLED) if mask is None else mask
    rows = learn.nonzero().flatten()
    labels = store.y_soft[rows] if "y_soft" in store else store.y[rows]
    weight = torch.full((len(rows),), 1.0 / len(rows), device=rows.device)
    return rows, labels, weight
