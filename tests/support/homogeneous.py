"""What tests of models on the union of meta-paths share: a graph for PyG's layers, a dense union."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from condense.data.graph import MultimodalGraph
from models.propagation.metapaths import MetaPath
from models.schema import GraphSchema
from models.seeding import seeded
from tests.support.dense import multiplicities


def items(weighted: bool = False, seed: int = 0) -> tuple[MultimodalGraph, Tensor, Tensor | None]:
    """Ten items, edges both ways with equal weights, no edge twice and no self-loop; item 9 has none.

    Returns:
        The graph, and of its one relation edge_index [2, e] and edge_weight [e] (None unless weighted).
    """
    rng = torch.Generator().manual_seed(seed)
    edges = (torch.rand(9, 9, generator=rng) < 0.4).triu(1).nonzero().T
    weight = torch.randint(1, 4, (edges.size(1),), generator=rng).double()
    graph = MultimodalGraph()
    graph["item"].num_nodes = 10
    graph["item"].x_text = torch.randn(10, 4, generator=rng, dtype=torch.float64)
    store = graph["item", "links", "item"]
    store.edge_index = torch.cat([edges, edges.flip(0)], dim=1)
    if weighted:
        store.edge_weight = torch.cat([weight, weight])
    graph.target, graph.num_classes = "item", 3
    return graph, store.edge_index, store.get("edge_weight")


def random_model(
    build: Callable[[GraphSchema, Any], Any], graph: MultimodalGraph, settings: Any
) -> Any:
    """A model with normal parameters (some start at zero), in eval mode."""
    with seeded(0):
        model = build(GraphSchema.of(graph), settings)
        for parameter in model.parameters():
            parameter.data.normal_()
    return model.eval()


def dense_union(graph: MultimodalGraph, paths: Sequence[MetaPath]) -> Tensor:
    """A = Σ_p A_p, where each node between shares out its edge by multiplicity."""
    count = graph[graph.target].num_nodes
    total = torch.zeros(count, count)
    for path in paths:
        joined = multiplicities(graph, path[0])
        for relation in path[1:]:
            a = multiplicities(graph, relation)
            joined = joined @ (a / a.sum(dim=1, keepdim=True).clamp_min(1e-300))
        total = total + joined
    return total
