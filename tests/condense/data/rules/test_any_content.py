"""Whatever a graph holds, checking it gives a sentence or nothing; never another error."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import torch

from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import Kind, check
from condense.errors import UserError
from tests.support.graphs import small_condensed, small_graph

DTYPES = (
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
    torch.float32, torch.float64, torch.bfloat16, torch.complex64,
)  # fmt: skip
SETTINGS = (
    None,
    3,
    -1,
    0,
    1,
    2**62,
    10**30,
    "movie",
    "actor",
    "",
    float("nan"),
    torch.tensor(3),
    [1],
)
COUNTS = (None, 0, -1, 2**62, 10**30, "a", 2.5, True, torch.tensor(3))
NAMES = (
    "extra", "x_new", "has_text", "y_soft", "origin", "node_weight", "edge_weight", "has_new", "x",
)  # fmt: skip


def anything(rng: random.Random, count: int) -> Any:
    """A value of any kind; tensors of any shape, type and size of their numbers."""
    shape = [
        rng.choice([count, count, count, 0, 1, 2, 3, count + 1])
        for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 2, 3]))
    ]
    values = torch.randn(shape) * rng.choice([1, 3, 1e18, 1e30, float("nan"), float("inf")])
    others = (None, "abc", [1, 2], 3, 2.5, np.zeros(count), torch.randn(count, 3).relu().to_sparse(),
              torch.randn(count, 3).relu().to_sparse_csr())  # fmt: skip
    return values.to(rng.choice(DTYPES)) if rng.random() < 0.6 else rng.choice(others)


def change(graph: MultimodalGraph, rng: random.Random) -> None:
    """Set or delete one thing."""
    if rng.random() < 0.15:
        setattr(
            graph, rng.choice(["target", "num_classes", "name", "source"]), rng.choice(SETTINGS)
        )
        return
    key = rng.choice([*graph.node_types, *graph.edge_types])
    store = graph[key]
    name = rng.choice([*store.keys(), *NAMES])
    if rng.random() < 0.1 and name in store:
        del store[name]
    elif name == "num_nodes":
        store[name] = rng.choice(COUNTS)
    else:
        store[name] = anything(rng, 40 if key == "movie" else 20)


def test_a_sentence_or_nothing() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(2000):
        rng = random.Random(seed)
        torch.manual_seed(seed)
        kind: Kind = rng.choice(["whole", "condensed"])
        graph = small_graph(weighted=True) if kind == "whole" else small_condensed().graph
        for _ in range(rng.choice([1, 1, 2])):
            change(graph, rng)
        try:
            check(graph, kind)
            fingerprint(graph)
        except UserError as error:
            assert ";" in str(error) or ":" in str(error)  # It says a remedy.  # noqa: PT017
            outcomes["refused"] += 1
        else:
            outcomes["accepted"] += 1
    assert outcomes["refused"] > 1000
    assert outcomes["accepted"] > 50
