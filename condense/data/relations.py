"""Finds relations that are the reverse of each other."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from models.propagation.sparse import edge_weights


def reverses(graph: MultimodalGraph) -> Mapping[EdgeType, EdgeType]:
    """Maps each relation that has a transpose to that relation; a symmetric relation maps to itself.

    Edges and weights are compared; names do not matter. A condenser synthesises one relation of such a
    pair and gives the other the transposed edges.
    """
    keys = {r: _sorted_edges(graph, r, flip=False) for r in graph.edge_types}
    mirror: dict[EdgeType, EdgeType] = {}
    for relation in graph.edge_types:
        if relation in mirror or keys[relation].size(1) == 0:
            continue
        transposed = _sorted_edges(graph, relation, flip=True)
        for candidate in graph.edge_types:
            opposite = (candidate[0], candidate[2]) == (relation[2], relation[0])
            if opposite and candidate not in mirror and torch.equal(keys[candidate], transposed):
                mirror[relation], mirror[candidate] = candidate, relation
                break
    return mirror


def primary(
    graph: MultimodalGraph, mirror: Mapping[EdgeType, EdgeType] | None = None
) -> tuple[EdgeType, ...]:
    """The relations to synthesise: all but the second of each mirrored pair.

    Args:
        graph: a whole graph.
        mirror: `reverses(graph)`, to avoid computing it again, which sorts all edges.
    """
    mirror = reverses(graph) if mirror is None else mirror
    return first_of_pairs(tuple(graph.edge_types), mirror)


def first_of_pairs(
    relations: tuple[EdgeType, ...], mirror: Mapping[EdgeType, EdgeType]
) -> tuple[EdgeType, ...]:
    """All relations but the second of each mirrored pair."""
    order = {r: i for i, r in enumerate(relations)}
    return tuple(r for r in relations if order[mirror.get(r, r)] >= order[r])


def _sorted_edges(graph: MultimodalGraph, relation: EdgeType, flip: bool) -> Float[Tensor, "2 e"]:
    """Source-major edge numbers, ascending, with the weights of the edges; transposed if `flip`."""
    source, _, destination = relation
    src, dst = graph[relation].edge_index
    if flip:
        number = dst * int(graph[source].num_nodes) + src
    else:
        number = src * int(graph[destination].num_nodes) + dst
    # float64 represents integers up to 2^53 exactly.
    number, order = number.double().sort(stable=True)
    return torch.stack([number, edge_weights(graph, relation)[order].double()])
