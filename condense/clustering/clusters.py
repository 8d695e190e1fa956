"""Clusters of every node type: the start of SR-GM, and the result of the methods without training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from condense.budget import Budget
from condense.clustering.coordinates import (
    coordinates,
    directions,
    neighbour_clusters,
    own_features,
)
from condense.clustering.kmeans import cluster_means, kmeans, kmeans_by_class
from condense.clustering.propagation import RelayView
from condense.clustering.pseudolabels import pseudo_labels
from condense.clustering.reduction import FeatureKey
from condense.clustering.settings import PseudoLabelling, Space
from condense.edges.partition import EdgesBetweenClusters, Partition
from models.schema import GraphSchema, features, present


@dataclass(frozen=True)
class Clusters:
    """A condensed graph in the relay's coordinates.

    Attributes:
        partition: which original nodes each condensed node stands for.
        h: (node type, modality) -> H' [n'_t, r].
        has: (node type, modality) -> which condensed nodes have the modality.
        y: class of each condensed target node.
        node_class: class of each original target node: true on training nodes, else guessed, or −1 where
            only labelled nodes are used.
    """

    partition: EdgesBetweenClusters
    h: Mapping[FeatureKey, Tensor]
    has: Mapping[FeatureKey, Tensor]
    y: Int[Tensor, " n"]
    node_class: Int[Tensor, " n_whole"]

    def digest(self) -> str:
        """SHA-256 of the clusters and their means, which tells whether a resumed run has the same start."""
        digest = hashlib.sha256()
        for x in (*self.h.values(), self.y, self.node_class, *self.partition.cluster.values()):
            digest.update(x.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def cluster_graph(
    view: RelayView,
    budget: Budget,
    labelling: PseudoLabelling | None,
    generator: torch.Generator,
    space: Space = "own",
) -> Clusters:
    """Cluster the nodes of every type.

    Target nodes are clustered within each class, other nodes by their own features and by the clusters of
    their neighbours.

    Args:
        view: the whole graph.
        budget: n'_t and n'_c.
        labelling: how unlabelled nodes get the classes under which they are clustered; None clusters
            training nodes only, and the others belong to no cluster.
        generator: for the teacher and for k-means.
        space: the coordinates of target nodes, see `condense.clustering.coordinates.coordinates`.
    """
    store = view.graph[view.schema.target]
    if labelling is None:
        node_class = torch.where(store.train_mask, store.y, -1)
    else:
        node_class = pseudo_labels(view, labelling, generator)
    x = coordinates(view, space, generator)
    target = kmeans_by_class(x, node_class, budget.classes, generator)
    return clusters_of(view, budget, node_class, _with_other_types(view, budget, target, generator))


def _with_other_types(
    view: RelayView,
    budget: Budget,
    target: Int[Tensor, " n"],
    generator: torch.Generator,
) -> dict[str, Int[Tensor, " n_t"]]:
    """Cluster the other types, nearer ones first, each by the clusters of the types before it."""
    clusters = {view.schema.target: target}
    for layer in by_distance(view.schema):
        # Types of one layer do not influence each other.
        before = dict(clusters)
        for node_type in layer:
            met = neighbour_clusters(view, node_type, before, generator)
            x = torch.cat([directions(own_features(view, node_type)), met], dim=1)
            clusters[node_type] = kmeans(x, budget.nodes[node_type], generator)
    return clusters


def by_distance(schema: GraphSchema) -> Iterator[list[str]]:
    """The types other than the target, those first that it reaches by the fewest relations."""
    reached = {schema.target}
    waiting = [t for t in schema.node_types if t != schema.target]
    while waiting:
        near = [t for t in waiting if any(r[2] == t and r[0] in reached for r in schema.relations)]
        layer = near or waiting  # Types that the target does not reach have their features only.
        yield layer
        reached.update(layer)
        waiting = [t for t in waiting if t not in layer]


def clusters_of(
    view: RelayView, budget: Budget, node_class: Int[Tensor, " n"], labels: Mapping[str, Tensor]
) -> Clusters:
    """Clusters with their means, in the relay's coordinates.

    Args:
        view: the whole graph.
        budget: n'_t and n'_c.
        node_class: see `Clusters`.
        labels: node type -> the cluster of each node, −1 for none; those of the target type class by class.
    """
    y = torch.arange(view.schema.num_classes, device=node_class.device).repeat_interleave(
        torch.tensor(budget.classes, device=node_class.device)
    )
    h, has = {}, {}
    for node_type, modalities in view.schema.modalities.items():
        for modality in modalities:
            mean, seen = cluster_means(
                features(view.graph[node_type], modality),
                present(view.graph[node_type], modality),
                labels[node_type],
                budget.nodes[node_type],
            )
            h[node_type, modality], has[node_type, modality] = mean, seen
    size = {t: torch.bincount(labels[t][labels[t] >= 0], minlength=budget.nodes[t]) for t in labels}
    return Clusters(Partition(view.graph, labels, size), h, has, y, node_class)
