"""Which relations mirror each other."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.data.graph import MultimodalGraph
from models.propagation.sparse import edge_weights


def reverses(graph: MultimodalGraph) -> Mapping[EdgeType, EdgeType]:
    """Each relation that is another's transpose, mapped to that other; a symmetric one to itself.

    Found by comparing the edges and their weights, so names carry no meaning. A condenser synthesises
    one relation of such a pair and gives the other the transposed pairs.
    """
    keys = {r: _sorted_edges(graph, r, flip=False) for r in graph.edge_types}
    found: dict[EdgeType, EdgeType] = {}
    for relation in graph.edge_types:
        if relation in found or keys[relation].size(1) == 0:
            continue
        mirrored = _sorted_edges(graph, relation, flip=True)
        for other in graph.edge_types:
            turned = (other[0], other[2]) == (relation[2], relation[0])
            if turned and other not in found and torch.equal(keys[other], mirrored):
                found[relation], found[other] = other, relation
                break
    return found


def primary(
    graph: MultimodalGraph, mirror: Mapping[EdgeType, EdgeType] | None = None
) -> tuple[EdgeType, ...]:
    """The relations to synthesise: all but the second of each mirrored pair.

    Args:
        graph: a whole graph.
        mirror: `reverses(graph)`, where it is at hand; it sorts all edges.
    """
    mirror = reverses(graph) if mirror is None else mirror
    order = {r: i for i, r in enumerate(graph.edge_types)}
    return tuple(r for r in graph.edge_types if order[mirror.get(r, r)] >= order[r])


def _sorted_edges(graph: MultimodalGraph, relation: EdgeType, flip: bool) -> Float[Tensor, "2 e"]:
    """Edges numbered source-major, and their weights, in ascending order; transposed if `flip`."""
    source, _, destination = relation
    src, dst = graph[relation].edge_index
    if flip:
        number = dst * int(graph[source].num_nodes) + src
    else:
        number = src * int(graph[destination].num_nodes) + dst
    # float64 holds whole numbers up to 2^53 exactly.
    number, order = number.double().sort(stable=True)
    return torch.stack([number, edge_weights(graph, relation)[order].double()])
