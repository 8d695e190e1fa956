"""Assembling a condensed graph: attributes of the whole one, cluster means, edges."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch_geometric.typing import EdgeType

from condense.clustering.clusters import Clusters
from condense.clustering.kmeans import cluster_means
from condense.data.graph import GRAPH_ATTRIBUTES, MultimodalGraph
from condense.edges.pair_matrix import PairMatrix
from models.schema import FEATURE_PREFIX, MASK_PREFIX, features, modality_names, present


def empty_like(whole: MultimodalGraph) -> MultimodalGraph:
    """A graph without types that has the name, source, target and number of classes of `whole`."""
    graph = MultimodalGraph()
    for key in GRAPH_ATTRIBUTES:
        setattr(graph, key, getattr(whole, key))
    return graph


def graph_of_means(whole: MultimodalGraph, clusters: Clusters) -> MultimodalGraph:
    """A graph whose nodes are the means of clusters, in the units of `whole` and without relations.

    A feature is averaged over the members that have the modality; `node_weight` counts the members. A mean
    is not an original node, so there is no `origin`.
    """
    graph, partition = empty_like(whole), clusters.partition
    for node_type in whole.node_types:
        original, store = whole[node_type], graph[node_type]
        store.num_nodes = count = len(partition.size[node_type])
        for modality in modality_names(original):
            x, has = features(original, modality), present(original, modality)
            mean, seen = cluster_means(x, has, partition.cluster[node_type], count)
            store[FEATURE_PREFIX + modality] = mean
            if not bool(seen.all()):
                store[MASK_PREFIX + modality] = seen
        store.node_weight = partition.size[node_type].to(torch.float32)
    graph[whole.target].y = clusters.y
    return graph


def add_edges(graph: MultimodalGraph, weights: Mapping[EdgeType, PairMatrix]) -> None:
    """Add to `graph`, which has no relations yet, an edge per positive entry of A′_r [n'_dst, n'_src]."""
    for relation, matrix in weights.items():
        dst, src, weight = matrix.entries()
        graph[relation].edge_index = torch.stack([src, dst])
        graph[relation].edge_weight = weight.to(torch.float32)
