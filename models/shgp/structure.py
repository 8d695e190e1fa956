"""The edges along which SHGP passes messages and labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.propagation.sparse import SparseMap, mean_adjacency
from models.schema import GraphSchema


@dataclass(frozen=True, eq=False)
class RelationStructure:
    """The edges of one graph, prepared; another one, even of equal edges, is another graph.

    Attributes:
        sizes: nodes of each type.
        relations: those that lead into each type.
        means: Â_r = D_r⁻¹ A_r of each relation, [n_dst, n_src].
        joined: which nodes [n] receive labels of others, by type; a type that no relation leads to has
            no entry.
    """

    sizes: dict[str, int]
    relations: dict[str, tuple[EdgeType, ...]]
    means: dict[EdgeType, SparseMap]
    joined: dict[str, Tensor]


def structure_of(graph: HeteroData, schema: GraphSchema) -> RelationStructure:
    """All types and relations of `graph`."""
    sizes = {t: int(graph[t].num_nodes) for t in schema.node_types}
    means = {r: SparseMap(mean_adjacency(graph, r)) for r in schema.relations}
    joined: dict[str, Tensor] = {}
    for relation in schema.relations:
        end = graph[relation].edge_index[1]
        none = torch.zeros(sizes[relation[2]], dtype=torch.bool, device=end.device)
        joined[relation[2]] = joined.get(relation[2], none).index_fill(0, end, True)
    return RelationStructure(sizes, schema.relations_into, means, joined)
