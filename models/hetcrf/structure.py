"""What encoders pass messages along: meta-path graphs, or the relations themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.hetcrf.metapath_graph import MetapathGraph
from models.hetcrf.pattern import Pattern
from models.propagation.sparse import edge_weights
from models.schema import GraphSchema

Paths = tuple[MetapathGraph, ...]


@dataclass(frozen=True)
class Edges:
    """One relation's edges by destination; an edge of weight w means w parallel edges.

    Attributes:
        pattern: row i from the sources of destination i.
        weight: w.
    """

    pattern: Pattern
    weight: Float[Tensor, " e"]

    def mean(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "m d"]:
        """Â_r x; zero for a destination without edges."""
        rows = self.pattern.rows
        total = self.weight.new_zeros(self.pattern.size[0]).index_add_(0, rows, self.weight)
        return self.pattern.product(self.weight / total[rows], x)


Relations = Mapping[EdgeType, Edges]
Structure = Paths | Relations


def relations_of(graph: HeteroData, schema: GraphSchema) -> Relations:
    """All relations, their edges in the order of destinations."""
    found = {}
    for relation in schema.relations:
        size = int(graph[relation[2]].num_nodes), int(graph[relation[0]].num_nodes)
        src, dst = graph[relation].edge_index
        order = torch.argsort(dst, stable=True)
        weight = edge_weights(graph, relation)[order]
        found[relation] = Edges(Pattern(dst[order], src[order], size), weight)
    return found


def dropped(structure: Structure, share: float) -> Structure:
    """A copy without this share of edges, drawn anew; no self-loop of a meta-path graph is dropped."""
    if isinstance(structure, tuple):
        return tuple(graph.without(share) for graph in structure)
    found = {}
    for relation, edges in structure.items():
        rows, columns = edges.pattern.rows, edges.pattern.columns
        keep = torch.rand(len(rows), device=rows.device) >= share
        pattern = Pattern(rows[keep], columns[keep], edges.pattern.size)
        found[relation] = Edges(pattern, edges.weight[keep])
    return found
