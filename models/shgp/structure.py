"""Along what SHGP passes messages and labels."""

from __future__ import annotations

from dataclasses import dataclass

from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.schema import GraphSchema
from models.sparse import SparseMap, mean_adjacency


@dataclass(frozen=True, eq=False)
class Structure:
    """The edges of one graph, prepared; another one, even of equal edges, is another graph.

    Attributes:
        sizes: nodes of each type.
        relations: those that lead into each type.
        means: Â_r = D_r⁻¹ A_r of each relation, [n_dst, n_src].
    """

    sizes: dict[str, int]
    relations: dict[str, tuple[EdgeType, ...]]
    means: dict[EdgeType, SparseMap]


def structure_of(graph: HeteroData, schema: GraphSchema) -> Structure:
    """All types and relations of `graph`."""
    sizes = {t: int(graph[t].num_nodes) for t in schema.node_types}
    means = {r: SparseMap(mean_adjacency(graph, r)) for r in schema.relations}
    return Structure(sizes, relations_into(schema), means)


def relations_into(schema: GraphSchema) -> dict[str, tuple[EdgeType, ...]]:
    """By node type, in the graph's order; none for a type that receives nothing."""
    return {t: tuple(r for r in schema.relations if r[2] == t) for t in schema.node_types}
