"""Sizes of what a run computes from a stored graph, before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from condense.budget import Sizes
from condense.clustering.coordinates import WIDTH
from condense.clustering.propagation import WIDEST, affordable_rank
from condense.io.stored_graph import StoredGraph
from condense.methods.srgm.settings import SRGMSettings
from condense.out_of_core.adjacency import Adjacency
from models.propagation.metapaths import blocks, endpoint
from models.schema import GraphSchema


def sizes_of(stored: StoredGraph, relations: Mapping[tuple[str, str, str], Adjacency]) -> Sizes:
    """What a budget is planned from."""
    return Sizes(
        target=stored.target,
        nodes=stored.num_nodes,
        total=stored.num_nodes[stored.target],
        training=torch.bincount(stored.y[stored.train_mask], minlength=stored.num_classes),
        joined={r: edges.edges for r, edges in relations.items()},
    )


def path_columns(
    stored: StoredGraph, hops: int, rank: int | None = None
) -> tuple[int, dict[str, int]]:
    """Columns of all meta-path features together, and of each type's own features.

    A type without features gets those of its neighbours, at most all that there are.

    Args:
        stored: a whole graph.
        hops: the longest meta-path.
        rank: most coordinates of a modality on a meta-path, as condensers reduce them; all by default.
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
    paths = blocks(completed, hops)
    most = affordable_rank(rank, len(paths)) if rank else WIDEST**2
    columns = sum(
        min(most, completed.modalities[endpoint(path, schema.target)][modality])
        for path, modality in paths
    )
    return columns, {t: sum(own.values()) for t, own in completed.modalities.items()}


def reads_paths(settings: Any) -> tuple[int, int]:
    """The longest meta-path and the rank that a method with these settings reads; 0 hops for none."""
    if isinstance(
        settings, SRGMSettings
    ):  # It matches meta-path features, whatever it clusters by.
        return settings.hops, settings.rank
    if getattr(settings, "labels", "") != "pseudo" and getattr(settings, "space", "own") == "own":
        return 0, getattr(settings, "rank", WIDEST)
    return getattr(settings, "hops", 0), getattr(settings, "rank", WIDEST)


def disk_bytes(stored: StoredGraph, settings: Any) -> int:
    """About how much a run writes: sorted edges, features, meta-path features, coordinates, neighbours'
    clusters.

    Args:
        stored: a whole graph.
        settings: of the method.
    """
    columns, features = path_columns(stored, *reads_paths(settings))
    own = sum(stored.num_nodes[t] * width for t, width in features.items())
    edges = 24 * sum(stored.edges.values())
    others = [stored.num_nodes[r[2]] for r in stored.edge_types if r[2] != stored.target]
    target = stored.num_nodes[stored.target] * (columns + WIDTH + 2 * stored.num_classes)
    return edges + 4 * (own + target + WIDTH * sum(others))


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
