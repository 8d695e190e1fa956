"""A heterogeneous graph merged into one node type and one relation."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData

from models.propagation.sparse import edge_weights
from models.schema import GraphSchema

MERGED = ("node", "to", "node")
"""The single relation of a merged graph."""


def merge(
    graph: HeteroData, schema: GraphSchema, sizes: dict[str, int], device: torch.device
) -> tuple[HeteroData, dict[str, int]]:
    """All nodes as one type and all edges as one relation, `MERGED`; and where each type starts."""
    start, total = {}, 0
    for node_type in schema.node_types:
        start[node_type], total = total, total + sizes[node_type]
    index = [torch.zeros(2, 0, dtype=torch.long, device=device)]
    weight = [torch.zeros(0, device=device)]
    for relation in schema.relations:
        src, dst = graph[relation].edge_index
        index.append(torch.stack([src + start[relation[0]], dst + start[relation[2]]]))
        weight.append(edge_weights(graph, relation))
    merged = HeteroData()
    merged["node"].num_nodes = total
    merged[MERGED].edge_index = torch.cat(index, dim=1)
    merged[MERGED].edge_weight = torch.cat(weight)
    return merged, start
