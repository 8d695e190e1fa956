"""A graph as PyG's own class, for comparisons of formats."""

from __future__ import annotations

from pathlib import Path

import torch
from torch_geometric.data import HeteroData

from condense.data.graph import MultimodalGraph


def saved_as_pyg(graph: MultimodalGraph, folder: Path) -> Path:
    """The nodes and relations of `graph` in a .pt file of its name."""
    data = HeteroData()
    for node_type in graph.node_types:
        for key, value in graph[node_type].items():
            data[node_type][key] = value
    for relation in graph.edge_types:
        data[relation].edge_index = graph[relation].edge_index
    path = folder / f"{graph.name}.pt"
    torch.save(data, path)
    return path
