"""Random graphs of any size, with any number of modalities and relations, for benchmarks/scaling.py."""

from __future__ import annotations

import torch

from condense.data.graph import MultimodalGraph

CLASSES = 12
WIDTH = 128
DEGREE = 3
"""Edges of each relation for each node; AMAZON-1 has 11 in its four relations together."""
OWN_CLASS = 0.7
"""Share of edges within a class; the others go anywhere."""
LABELLED = 0.2


def planted_graph(nodes: int, modalities: int, relations: int, seed: int = 0) -> MultimodalGraph:
    """One node type with Gaussian classes, and relations mostly within classes, in time linear in `nodes`.

    The simulated AMAZON-1 does not serve here, because its difficulty fixes its size, relations and
    modalities.

    Args:
        nodes: n.
        modalities: each of WIDTH dimensions.
        relations: each of DEGREE · n directed edges.
        seed: equal seeds give equal graphs.
    """
    rng = torch.Generator().manual_seed(seed)
    graph = MultimodalGraph()
    item, y = graph["item"], torch.arange(nodes) % CLASSES
    item.num_nodes, item.y = nodes, y
    for m in range(modalities):
        centres = torch.randn(CLASSES, WIDTH, generator=rng)
        noise = torch.randn(nodes, WIDTH, generator=rng)
        item[f"x_view{m}"] = noise.add_(centres[y], alpha=0.3)
    draws = torch.rand(nodes, generator=rng)
    item.train_mask, item.val_mask = draws < LABELLED, draws > 1 - LABELLED / 2
    item.test_mask = ~(item.train_mask | item.val_mask)
    for r in range(relations):
        source = torch.arange(nodes).repeat_interleave(DEGREE)
        anywhere = torch.randint(nodes, (len(source),), generator=rng)
        # Nodes i and i + CLASSES · k have the same class.
        same_class = (anywhere // CLASSES * CLASSES + y[source]).clamp_max(nodes - 1)
        within = torch.rand(len(source), generator=rng) < OWN_CLASS
        edges = torch.stack([source, torch.where(within, same_class, anywhere)])
        graph["item", f"joins{r}", "item"].edge_index = edges[:, edges[0] != edges[1]]
    graph.target, graph.num_classes = "item", CLASSES
    graph.name, graph.source = "planted", "simulated"
    return graph
