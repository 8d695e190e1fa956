"""The edges along which encoders pass messages: meta-path graphs, or the relations themselves."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.hetcrf.pattern import Pattern, WeightedPattern
from models.propagation.sparse import edge_weights
from models.schema import GraphSchema

Paths = tuple[WeightedPattern, ...]
Relations = Mapping[EdgeType, WeightedPattern]
MessageStructure = Paths | Relations


def relations_of(graph: HeteroData, schema: GraphSchema) -> Relations:
    """All relations, their edges in the order of destinations."""
    relations = {}
    for relation in schema.relations:
        size = int(graph[relation[2]].num_nodes), int(graph[relation[0]].num_nodes)
        src, dst = graph[relation].edge_index
        order = torch.argsort(dst, stable=True)
        weight = edge_weights(graph, relation)[order]
        relations[relation] = WeightedPattern(Pattern(dst[order], src[order], size), weight)
    return relations


def dropped(structure: MessageStructure, share: float) -> MessageStructure:
    """A copy without this share of edges, drawn anew; self-loops of meta-path graphs are never dropped."""
    if isinstance(structure, tuple):
        return tuple(graph.without(share, keep_loops=True) for graph in structure)
    return {r: edges.without(share, keep_loops=False) for r, edges in structure.items()}
