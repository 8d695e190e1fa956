"""Random training nodes of a graph on disk, and the edges among them and their neighbours."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.budget import Budget
from condense.data.graph import MultimodalGraph
from condense.out_of_core.graph import GraphOnDisk
from condense.out_of_core.surroundings import Reached, assembled, edges_into
from condense.selection.induced import induced_subgraph, neighbours_first
from condense.selection.representatives import by_class, drawn


def random_subgraph(
    graph: GraphOnDisk, empty: MultimodalGraph, budget: Budget, generator: torch.Generator
) -> MultimodalGraph:
    """What `condense.methods.random` selects of the same graph in memory.

    Args:
        graph: the whole graph.
        empty: with its attributes.
        budget: how many nodes and edges are kept.
        generator: for the draws.

    Raises:
        BudgetError: a class has fewer training nodes than its budget.
    """
    target = graph.schema.target
    targets = drawn(by_class(graph.y, graph.train_mask, budget), budget.classes, generator)

    def joined_with(relation: EdgeType, end: int, nodes: Tensor) -> Bool[Tensor, " n"]:
        return _joined_with(graph, relation, end, nodes)

    chosen = neighbours_first(
        graph.num_nodes, graph.schema.relations, {target: targets}, budget, joined_with, generator
    )
    reached = _among(graph, {t: nodes.sort().values for t, nodes in chosen.items()})
    part, places = assembled(graph, empty, targets, reached)
    here = {t: torch.arange(len(nodes)) for t, nodes in chosen.items()} | {target: places}
    small = induced_subgraph(part, here, budget, generator)
    for node_type, nodes in chosen.items():
        small[node_type].origin = nodes
    return small


def _joined_with(
    graph: GraphOnDisk, relation: EdgeType, end: int, nodes: Int[Tensor, " k"]
) -> Bool[Tensor, " n"]:
    """Which nodes at one end of a relation have an edge with these at the other."""
    adjacency = graph.relations[relation]
    near = torch.zeros(graph.num_nodes[relation[2 * end]], dtype=torch.bool)
    if end == 0:
        near[edges_into(adjacency, nodes)[0]] = True
        return near
    inside = np.zeros(graph.num_nodes[relation[0]], dtype=bool)
    inside[nodes.numpy()] = True
    for rows in adjacency:
        near[torch.from_numpy(rows.destinations[inside[rows.sources]])] = True
    return near


def _among(graph: GraphOnDisk, nodes: dict[str, Tensor]) -> Reached:
    """These nodes, each type's ascending, and all edges among them."""
    edges = {}
    for relation, adjacency in graph.relations.items():
        src, dst, weight = edges_into(adjacency, nodes[relation[2]])
        inside = torch.isin(src, nodes[relation[0]])
        edges[relation] = src[inside], dst[inside], weight[inside]
    return Reached(nodes, edges)
