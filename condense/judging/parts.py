"""Parts of condensed graphs, so that what training takes does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from jaxtyping import Int
from torch import Tensor

from condense.data.graph import MultimodalGraph
from condense.data.training_inputs import training_nodes


def parts_of(graphs: Iterable[MultimodalGraph], most: int, seed: int) -> Iterator[MultimodalGraph]:
    """Each graph as it is or, where it has more training nodes than `most`, with so many of them.

    Args:
        graphs: to train on, one a step.
        most: training nodes of a step.
        seed: of the choice; graphs of the same number of training nodes get the same ones.
    """
    generator = torch.Generator().manual_seed(seed)
    for graph in graphs:
        rows, _, _ = training_nodes(graph)
        if len(rows) <= most:
            yield graph
            continue
        chosen = torch.randperm(len(rows), generator=generator)[:most].sort().values
        yield with_in_neighbours(graph, rows[chosen.to(rows.device)])


def with_in_neighbours(graph: MultimodalGraph, rows: Int[Tensor, " k"]) -> MultimodalGraph:
    """Some target nodes and all nodes with an edge into them; only the former train.

    A model that looks one edge far sees what it would see of these nodes in the whole graph.

    Args:
        graph: with dense features.
        rows: target nodes.
    """
    target = graph.target
    kept = {
        t: torch.zeros(int(graph[t].num_nodes), dtype=torch.bool, device=rows.device)
        for t in graph.node_types
    }
    trains = kept[target].clone()
    trains[rows] = True
    for relation in graph.edge_types:
        if relation[2] == target:
            src, dst = graph[relation].edge_index
            kept[relation[0]][src[trains[dst]]] = True
    kept[target] |= trains
    nodes = {t: mask.nonzero().flatten() for t, mask in kept.items()}
    part = graph.subgraph(nodes)
    assert isinstance(part, MultimodalGraph)
    for node_type, numbers in nodes.items():
        part[node_type].num_nodes = len(numbers)
    part[target].train_mask = trains[nodes[target]]
    return part
