"""Sizes of what a run computes from a stored graph, before it is read."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from condense.budget import Sizes
from condense.io.stored_graph import StoredGraph
from condense.out_of_core.adjacency import Adjacency
from models.propagation.metapaths import blocks, endpoint
from models.schema import GraphSchema

COORDINATES = 256
"""Most columns of the propagated coordinates."""


def sizes_of(stored: StoredGraph, relations: Mapping[tuple[str, str, str], Adjacency]) -> Sizes:
    """What a budget is planned from."""
    return Sizes(
        target=stored.target,
        nodes=stored.num_nodes,
        total=stored.num_nodes[stored.target],
        training=torch.bincount(stored.y[stored.train_mask], minlength=stored.num_classes),
        joined={r: edges.edges for r, edges in relations.items()},
    )


def path_columns(stored: StoredGraph, hops: int) -> tuple[int, dict[str, int]]:
    """Columns of all meta-path features together, and of each type's own.

    A type without features gets those of its neighbours, at most all that there are.

    Args:
        stored: a whole graph.
        hops: the longest meta-path.
    """
    schema = stored.schema
    every = {m: width for own in schema.modalities.values() for m, width in own.items()}
    completed = GraphSchema(
        schema.node_types,
        {t: dict(own) or every for t, own in schema.modalities.items()},
        schema.relations,
        schema.target,
        schema.num_classes,
    )
    columns = sum(
        completed.modalities[endpoint(path, schema.target)][modality]
        for path, modality in blocks(completed, hops)
    )
    return columns, {t: sum(own.values()) for t, own in completed.modalities.items()}


def disk_bytes(stored: StoredGraph, hops: int) -> int:
    """About how much a run writes: sorted edges, features, their meta-path products, and coordinates."""
    columns, features = path_columns(stored, hops)
    own = sum(stored.num_nodes[t] * width for t, width in features.items())
    edges = 24 * sum(stored.edges.values())
    return edges + 4 * own + 4 * stored.num_nodes[stored.target] * (columns + COORDINATES)


def whole_bytes(stored: StoredGraph) -> int:
    """The whole graph's bytes as `condense.data.graph.num_bytes` counts them, features dense."""
    total = 0
    for node_type in stored.node_types:
        for value in stored.outline[node_type].values():
            if isinstance(value, torch.Tensor):
                size = 1 if value.dtype == torch.bool else min(4, value.element_size())
                total += value.numel() * (size if value.is_floating_point() or size == 1 else 4)
    for relation, count in stored.edges.items():
        total += (12 if stored.has_weight(relation) else 8) * count
    return total
