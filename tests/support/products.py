"""A whole graph of one node type and one relation, with class sizes and widths to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from condense.data.graph import MultimodalGraph

WIDTHS = {"text": 6, "image": 4}


def products(
    sizes: Sequence[int], widths: Mapping[str, int] = WIDTHS, seed: int = 0, name: str = "products"
) -> MultimodalGraph:
    """Products joined to others, mostly of their class, both ways; every class shows in all features.

    Args:
        sizes: training nodes of each class; four more a class validate, four test.
        widths: modality -> width.
        seed: equal seeds give equal graphs.
        name: of the data set.
    """
    rng = torch.Generator().manual_seed(seed)
    classes = torch.arange(len(sizes))
    y = torch.cat([classes.repeat_interleave(torch.tensor(sizes)), classes.repeat(8)])
    trained, n = sum(sizes), len(y)
    graph = MultimodalGraph()
    store = graph["product"]
    store.num_nodes = n
    for modality, width in widths.items():
        centres = torch.randn(len(sizes), width, generator=rng)
        store["x_" + modality] = centres[y] + torch.randn(n, width, generator=rng)
    store.y = y
    place = torch.arange(n)
    store.train_mask = place < trained
    store.val_mask = (place >= trained) & (place < trained + 4 * len(sizes))
    store.test_mask = place >= trained + 4 * len(sizes)
    pairs = torch.randint(n, (2, 8 * n), generator=rng)
    alike = y[pairs[0]] == y[pairs[1]]
    pairs = pairs[:, (alike | (torch.rand(8 * n, generator=rng) < 0.1)) & (pairs[0] != pairs[1])]
    graph["product", "bought_with", "product"].edge_index = torch.unique(
        torch.cat([pairs, pairs.flip(0)], dim=1), dim=1
    )
    graph.target, graph.num_classes = "product", len(sizes)
    graph.name, graph.source = name, "simulated"
    return graph
