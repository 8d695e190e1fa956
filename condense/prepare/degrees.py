"""Degrees as features, for graphs of which no node type has any."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData

DEGREES = "degrees"
"""The modality of such features."""


def add_degrees(data: HeteroData) -> str:
    """Set `x_degrees` of every node type; the sentence that says so.

    x_i = (log(1 + d_1(i)), …, log(1 + d_R(i))), where d_r(i) is the number of edges of relation r that lead
    to node i, and r runs over the relations that lead to its type. A type that none leads to gets none.

    Args:
        data: with `num_nodes` on each node type; it is changed.
    """
    for node_type in data.node_types:
        n, columns = int(data[node_type].num_nodes), []
        for relation in data.edge_types:
            if relation[2] == node_type:
                columns.append(torch.bincount(data[relation].edge_index[1], minlength=n).float())
        if columns:
            data[node_type][f"x_{DEGREES}"] = torch.stack(columns, dim=1).log1p()  # [n, R]
    return (
        "no node type has features: each gets its degrees, log(1 + d) for each relation that leads to it, as "
        f"the modality {DEGREES!r}"
    )
