"""Meta-paths and the features that linear models read along them.

A meta-path p = (r₁, …, r_k) starts at the target type and walks outwards: the destination of r₁ is
the target and the destination of r_{i+1} is the source of r_i. Its features are
Z_{p,m} = Â_{r₁} ⋯ Â_{r_k} Xᵐ, the mean over all walks; the empty path gives Xᵐ itself. As in SeHGNN
(Yang et al., AAAI 2023) they depend on no parameter, so they are computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.propagation.sparse import mean_adjacency
from models.schema import GraphSchema, features

MetaPath = tuple[EdgeType, ...]
PathFeatures = dict[tuple[MetaPath, str], Tensor]


def metapaths(relations: Sequence[EdgeType], target: str, hops: int) -> tuple[MetaPath, ...]:
    """All meta-paths of at most `hops` relations from `target`, shorter ones first.

    For one node type with four relations and two hops these are 1 + 4 + 16 = 21.
    """
    paths: list[MetaPath] = [()]
    layer: list[MetaPath] = [()]
    for _ in range(hops):
        layer = [(*p, r) for p in layer for r in relations if r[2] == endpoint(p, target)]
        paths += layer
    return tuple(paths)


def returning_paths(relations: Sequence[EdgeType], target: str, hops: int) -> tuple[MetaPath, ...]:
    """The meta-paths of at most `hops` relations that meet the target type at both ends only.

    In a graph of one node type these are its relations; among papers, authors and subjects they are
    paper-author-paper and paper-subject-paper.
    """
    visited = {path: [r[0] for r in path] for path in metapaths(relations, target, hops) if path}
    return tuple(p for p, at in visited.items() if at[-1] == target and at.count(target) == 1)


def endpoint(path: MetaPath, target: str) -> str:
    """The node type at which a meta-path from `target` ends."""
    return path[-1][0] if path else target


def blocks(schema: GraphSchema, hops: int) -> tuple[tuple[MetaPath, str], ...]:
    """The (meta-path, modality) pairs that have features, in a fixed order."""
    return tuple(
        (path, modality)
        for path in metapaths(schema.relations, schema.target, hops)
        for modality in schema.modalities[endpoint(path, schema.target)]
    )


def path_features(
    graph: HeteroData, schema: GraphSchema, hops: int, rows: Tensor | None = None
) -> PathFeatures:
    """Z_{p,m} of every meta-path and modality, for the given target nodes.

    Args:
        graph: features are read with missing rows as zero.
        schema: schema of this graph, or of the whole graph that it was condensed from.
        hops: the longest meta-path.
        rows: target nodes; all of them by default.

    Returns:
        (path, modality) -> [rows, width], in the order of `blocks`.
    """
    features_by_key = dict(each_path_feature(graph, schema, hops, rows))
    return {key: features_by_key[key] for key in blocks(schema, hops)}


def each_path_feature(
    graph: HeteroData, schema: GraphSchema, hops: int, rows: Tensor | None = None
) -> Iterator[tuple[tuple[MetaPath, str], Tensor]]:
    """The items of `path_features` one at a time, in no particular order.

    Only the products that a longer path needs are computed at full height, one at a time, so the
    memory beyond what the caller keeps is one feature matrix a hop.
    """
    for source in schema.node_types:
        for modality in schema.modalities[source]:
            x = features(graph[source], modality)
            for path, z in _walk(graph, schema, hops, rows, x, source, ()):
                yield (path, modality), z


def _walk(
    graph: HeteroData,
    schema: GraphSchema,
    hops: int,
    rows: Tensor | None,
    x: Float[Tensor, "n d"],
    at: str,
    walked: MetaPath,
) -> Iterator[tuple[MetaPath, Tensor]]:
    """The features of every meta-path that ends in `walked`, where x = Â_walked Xᵐ at type `at`."""
    if not walked and at == schema.target:
        yield (), x if rows is None else x[rows]
    if len(walked) == hops:
        return
    for relation in schema.relations:
        if relation[0] != at:
            continue
        path = (relation, *walked)
        last = len(path) == hops
        if relation[2] == schema.target:
            # Rows that no longer path needs are not computed.
            adjacency = mean_adjacency(graph, relation, rows if last else None)
            moved = adjacency @ x
            yield path, moved if last or rows is None else moved[rows]
        elif not last:
            moved = mean_adjacency(graph, relation) @ x
        if not last:
            yield from _walk(graph, schema, hops, rows, moved, relation[2], path)


def path_logits(
    graph: HeteroData, schema: GraphSchema, hops: int, weights: Sequence[Tensor]
) -> Float[Tensor, "n C"]:
    """Σ_{p,m} Z_{p,m} W_{p,m} for all target nodes, without forming any Z.

    Features are multiplied by the weights first and then propagated, all with C columns: for a
    linear model the same numbers as from `path_features`, in far less memory.

    Args:
        graph: the graph.
        schema: schema of this graph.
        hops: the longest meta-path.
        weights: W_{p,m} [width, C] in the order of `blocks`.
    """
    per_path: dict[MetaPath, Tensor] = {}
    for (path, modality), weight in zip(blocks(schema, hops), weights, strict=True):
        projected = features(graph[endpoint(path, schema.target)], modality) @ weight
        per_path[path] = per_path[path] + projected if path in per_path else projected
    adjacency = {r: mean_adjacency(graph, r) for r in {r for path in per_path for r in path}}
    # Longest first: Σ_{p = (q, r)} Â_q Â_r x = Â_q Σ …, so each prefix is propagated once. A prefix
    # may be new: it ends at a type without features.
    for length in range(hops, 0, -1):
        for path in [p for p in per_path if len(p) == length]:
            prefix, moved = path[:-1], adjacency[path[-1]] @ per_path.pop(path)
            per_path[prefix] = per_path[prefix] + moved if prefix in per_path else moved
    return per_path[()]
