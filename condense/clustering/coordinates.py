"""Coordinates in which nodes are clustered."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from condense.clustering.propagation import RelayView
from condense.clustering.reduction import leading_directions
from condense.clustering.settings import Space
from models.propagation.sparse import mean_adjacency
from models.schema import features

WIDTH = 256
"""Maximal number of coordinates of propagated features; k-means' time and memory are proportional to it."""
SAMPLE = 4096
"""Number of nodes on which these coordinates are fitted."""
NARROW = 8
"""Features with fewer columns are clustered as they are, not by direction."""


def coordinates(view: RelayView, space: Space, generator: torch.Generator) -> Float[Tensor, "n d"]:
    """Coordinates of the target nodes: directions of "own" features, of "propagated" ones, or of "both"."""
    parts = []
    if space != "propagated":
        parts.append(directions(own_features(view, view.schema.target)))
    if space != "own":
        parts.append(directions(propagated_features(view, generator)))
    return torch.cat(parts, dim=1)


def directions(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Directions (x − x̄)/‖x − x̄‖; a row at the mean, up to rounding, becomes zero.

    On directions, k-means is spherical k-means (Dhillon & Modha, Machine Learning 42, 2001), up to its
    centres' lengths. Lengths of sparse and counted features have long tails: with them k-means spends
    centres on outliers one by one, and nearly all other nodes share one cluster.

    Fewer than NARROW columns are returned as they are: in them lengths tell most of what there is.
    """
    if x.size(1) < NARROW or len(x) == 0:
        return x
    centred = x - x.mean(dim=0)
    length = centred.norm(dim=1, keepdim=True)
    rounding = 100 * torch.finfo(x.dtype).eps * x.norm(dim=1).max()
    return torch.where(length > rounding, centred / length.clamp_min(rounding), 0.0)


def own_features(view: RelayView, node_type: str) -> Float[Tensor, "n d"]:
    """All modalities side by side, each scaled to a mean squared row norm of one."""
    parts = []
    for modality in view.schema.modalities[node_type]:
        x = features(view.graph[node_type], modality)
        parts.append(x / x.square().sum(dim=1).mean().sqrt().clamp_min(1e-12))
    count = int(view.graph[node_type].num_nodes)
    device = view.graph[view.schema.target].y.device
    return torch.cat(parts, dim=1) if parts else torch.zeros(count, 0, device=device)


def propagated_features(view: RelayView, generator: torch.Generator) -> Float[Tensor, "n d"]:
    """Coordinates Z B of all target nodes; B [D, d] are the leading directions of the centred Z of a sample.

    Z of all nodes would fill the memory (amazon1: 58,088 × 4,074 numbers), Z B is computed without it.
    Distances are those of Z less what lies outside the span; nothing does where D ≤ WIDTH.
    """
    count = int(view.graph[view.schema.target].num_nodes)
    device = view.graph[view.schema.target].y.device
    rows = torch.randperm(count, generator=generator, device=device)[:SAMPLE]
    z = view.features(rows)
    basis = leading_directions(z - z.mean(dim=0), WIDTH, generator)
    return view.scores(basis)


def neighbour_clusters(
    view: RelayView,
    node_type: str,
    cluster: Mapping[str, Int[Tensor, " n_t"]],
    generator: torch.Generator,
) -> Float[Tensor, "n_t k"]:
    """How a node's neighbours are distributed over clusters, for each relation from a clustered type.

    Nodes with neighbours in the same clusters, put together, keep the ways back: where whole-graph films
    reach themselves through their director, so do the clusters, instead of reaching all films alike.
    A neighbour in no cluster is not counted. Clusters have unit vectors for codes, or, where there are
    more than WIDTH of them, random signs, among which distances are kept up to chance.

    Args:
        view: the whole graph.
        node_type: of the nodes.
        cluster: clustered node type -> the cluster of each of its nodes, −1 for none.
        generator: for the random signs.
    """
    own = view.graph[view.schema.target].y
    parts = [torch.zeros(int(view.graph[node_type].num_nodes), 0, device=own.device)]
    for relation in view.schema.relations:
        met = cluster.get(relation[0])
        if relation[2] == node_type and met is not None and bool((met >= 0).any()):
            code = codes_of(int(met.max()) + 1, generator)
            codes = torch.where((met >= 0).unsqueeze(1), code.to(parts[0].dtype)[met], 0.0)
            parts.append(mean_adjacency(view.graph, relation) @ codes)
    return torch.cat(parts, dim=1)


def codes_of(count: int, generator: torch.Generator) -> Float[Tensor, "count k"]:
    """Unit vectors for so many clusters, or, where there are more than WIDTH, random signs."""
    if count <= WIDTH:
        return torch.eye(count, device=generator.device)
    sign = torch.randint(2, (count, WIDTH), generator=generator, device=generator.device)
    return (2 * sign - 1) / WIDTH**0.5
