"""Meta-paths and the features that linear models read along them.

A meta-path p = (r₁, …, r_k) starts at the target type and walks outwards: the destination of r₁ is
the target and the destination of r_{i+1} is the source of r_i. Its features are
Z_{p,m} = Â_{r₁} ⋯ Â_{r_k} Xᵐ, the mean over all walks; the empty path gives Xᵐ itself. As in SeHGNN
(Yang et al., AAAI 2023) they depend on no parameter, so they are computed once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from models.propagation.bounded_walks import MetaPath, bounded_walks
from models.propagation.sparse import mean_adjacency
from models.schema import GraphSchema, features

PathFeatures = dict[tuple[MetaPath, str], Tensor]


def metapaths(
    relations: Sequence[EdgeType], target: str, hops: int, ends: Sequence[str] | None = None
) -> tuple[MetaPath, ...]:
    """The meta-paths of at most `hops` relations from `target`, shorter ones first.

    For one node type with four relations and two hops these are 1 + 4 + 16 = 21. Where there are more than
    MOST_PATHS, a part of them; see `bounded_walks`.

    Args:
        relations: (source type, name, destination type).
        target: where they start.
        hops: the longest.
        ends: node types at which they may end; any by default.
    """
    if ends is None:
        ends = [target, *(r[0] for r in relations)]
    return bounded_walks(tuple(relations), target, hops, frozenset(ends))


def returning_paths(relations: Sequence[EdgeType], target: str, hops: int) -> tuple[MetaPath, ...]:
    """The meta-paths of at most `hops` relations that meet the target type at both ends only.

    In a graph of one node type these are its relations; among papers, authors and subjects they are
    paper-author-paper and paper-subject-paper. At most MOST_PATHS; see `bounded_walks`.
    """
    return bounded_walks(tuple(relations), target, hops, frozenset([target]), returning=True)


def endpoint(path: MetaPath, target: str) -> str:
    """The node type at which a meta-path from `target` ends."""
    return path[-1][0] if path else target


def blocks(schema: GraphSchema, hops: int) -> tuple[tuple[MetaPath, str], ...]:
    """The (meta-path, modality) pairs that have features, in a fixed order.

    A meta-path to a type without features takes no place among the MOST_PATHS that are read.
    """
    ends = [t for t in schema.node_types if schema.modalities[t]]
    return tuple(
        (path, modality)
        for path in metapaths(schema.relations, schema.target, hops, ends)
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
    memory beyond what the caller keeps is one feature matrix a hop, and the adjacency of each relation.
    """

    @functools.cache
    def average(relation: EdgeType, whole: bool) -> Tensor:
        return mean_adjacency(graph, relation, None if whole else rows)

    longer = longer_walks(schema, hops)
    for source in schema.node_types:
        for modality in schema.modalities[source]:
            x = features(graph[source], modality)
            if source == schema.target:
                yield ((), modality), x if rows is None else x[rows]
            for path, z in walk(average, schema.target, longer, rows, x, source, ()):
                yield (path, modality), z


def longer_walks(schema: GraphSchema, hops: int) -> dict[MetaPath, dict[MetaPath, None]]:
    """Part of a meta-path up to its end -> the parts that are one relation longer."""
    longer: dict[MetaPath, dict[MetaPath, None]] = {}
    for path in dict.fromkeys(path for path, _ in blocks(schema, hops)):
        for i in range(len(path)):
            longer.setdefault(path[i + 1 :], {})[path[i:]] = None
    return longer


def walk(
    average: Callable[[EdgeType, bool], Any],
    target: str,
    longer: Mapping[MetaPath, Mapping[MetaPath, None]],
    rows: Tensor | None,
    x: Float[Tensor, "n d"],
    at: str,
    walked: MetaPath,
) -> Iterator[tuple[MetaPath, Tensor]]:
    """The features of every meta-path that ends in `walked`, where x = Â_walked Xᵐ at type `at`.

    Args:
        average: Â_r of a relation, anything that multiplies: the whole of it, or the rows of the target nodes
            asked for.
        target: the target type.
        longer: see `longer_walks`.
        rows: target nodes; all of them by default.
        x: one row a node of type `at`.
        at: the destination of `walked`, or the type of Xᵐ.
        walked: the part of meta-paths that is behind.
    """
    for path in longer.get(walked, ()):
        relation = path[0]
        if relation[0] != at:
            continue  # At the empty walk: another type's.
        last = path not in longer
        # Rows that no longer path needs are not computed.
        whole = not last or rows is None or relation[2] != target
        moved = average(relation, whole) @ x
        if relation[2] == target:
            yield path, moved[rows] if whole and rows is not None else moved
        if not last:
            yield from walk(average, target, longer, rows, moved, relation[2], path)


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
