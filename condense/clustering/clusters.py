"""Clusters of every node type: where the synthesis starts, and what cluster methods save."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.budget import Budget
from condense.clustering.coordinates import coordinates, directions, met_clusters, own_features
from condense.clustering.kmeans import cluster, cluster_classes, cluster_means
from condense.clustering.propagation import RelayView
from condense.clustering.pseudolabels import pseudo_labels
from condense.clustering.reduction import FeatureKey
from condense.clustering.settings import Guessing, Space
from condense.data.graph import MultimodalGraph
from condense.edges.pair_matrix import PairMatrix
from condense.edges.pairs import Pairs
from models.propagation.sparse import edge_weights
from models.schema import features, present


@dataclass(frozen=True)
class Clusters:
    """A condensed graph in the relay's coordinates.

    Attributes:
        graph: the whole graph.
        h: (node type, modality) -> H' [n'_t, r].
        has: (node type, modality) -> which condensed nodes have the modality.
        y: class of each condensed target node.
        size: node type -> how many original nodes each condensed node stands for.
        member: class of each original target node: true on training nodes, else guessed, or −1 where
            only labelled nodes are used.
        cluster: node type -> the condensed node of each original one, −1 for none.
    """

    graph: MultimodalGraph
    h: Mapping[FeatureKey, Tensor]
    has: Mapping[FeatureKey, Tensor]
    y: Int[Tensor, " n"]
    size: Mapping[str, Tensor]
    member: Int[Tensor, " n_whole"]
    cluster: Mapping[str, Int[Tensor, " n_whole"]]

    def edge_counts(self, relation: EdgeType) -> PairMatrix:
        """PᵀAP [n'_dst, n'_src]: how many original edges, by multiplicity, run between each two condensed
        nodes, at the pairs that some edge joins.

        Edges of nodes in no cluster are left out.
        """
        source, _, destination = relation
        src, dst = self.graph[relation].edge_index
        rows, columns = self.cluster[destination][dst], self.cluster[source][src]
        inside = (rows >= 0) & (columns >= 0)
        height, width = len(self.size[destination]), len(self.size[source])
        place, at = (rows * width + columns)[inside].unique(return_inverse=True)
        weight = edge_weights(self.graph, relation)[inside]
        counts = torch.zeros(len(place), device=src.device).index_add_(0, at, weight)
        joined = counts > 0
        pairs = Pairs(place[joined], (height, width))
        return PairMatrix(counts[joined], pairs, torch.arange(len(pairs), device=src.device))

    def digest(self) -> str:
        """SHA-256 of the clusters and their means: whether a later run has begun at the same place."""
        found = hashlib.sha256()
        for x in (*self.h.values(), self.y, self.member, *self.cluster.values()):
            found.update(x.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    def mean_degree(self, relation: EdgeType) -> Float[Tensor, " n_dst"]:
        """How many edges, by multiplicity, a member of each destination cluster receives on average, from
        the whole graph; 0 for a cluster without members.
        """
        weight = edge_weights(self.graph, relation)
        into = self.cluster[relation[2]][self.graph[relation].edge_index[1]]
        size, inside = self.size[relation[2]], into >= 0
        total = torch.zeros(len(size), dtype=weight.dtype, device=weight.device)
        return total.index_add_(0, into[inside], weight[inside]) / size.clamp_min(1)


def clusters(
    view: RelayView,
    budget: Budget,
    guessing: Guessing | None,
    generator: torch.Generator,
    space: Space = "own",
) -> Clusters:
    """Clusters of every type.

    Target nodes are clustered within each class; other types by their own features and the clusters
    that they meet.

    Args:
        view: the whole graph.
        budget: n'_t and n'_c.
        guessing: cluster unlabelled nodes too, under the class that is guessed so; None: training
            nodes alone, and the rest belongs to no cluster.
        generator: for the teacher and for k-means.
        space: where target nodes are clustered, see `condense.clustering.coordinates.coordinates`.
    """
    store = view.graph[view.schema.target]
    if guessing is None:
        member = torch.where(store.train_mask, store.y, -1)
    else:
        member = pseudo_labels(view, guessing, generator)
    x = coordinates(view, space, generator)
    target = cluster_classes(x, member, budget.classes, generator)
    return _initial(view, budget, member, _with_other_types(view, budget, target, generator))


def _with_other_types(
    view: RelayView,
    budget: Budget,
    target: Int[Tensor, " n"],
    generator: torch.Generator,
) -> dict[str, Int[Tensor, " n_t"]]:
    """Clusters of all types, given those of the target: nearer types first, each by those before it."""
    found = {view.schema.target: target}
    waiting = [t for t in view.schema.node_types if t != view.schema.target]
    while waiting:
        near = [
            t for t in waiting if any(r[2] == t and r[0] in found for r in view.schema.relations)
        ]
        layer = near or waiting  # Types that the target does not reach go by their features alone.
        # Types of one layer do not look at each other.
        done = dict(found)
        for node_type in layer:
            met = met_clusters(view, node_type, done, generator)
            x = torch.cat([directions(own_features(view, node_type)), met], dim=1)
            found[node_type] = cluster(x, budget.nodes[node_type], generator)
        waiting = [t for t in waiting if t not in layer]
    return found


def _initial(
    view: RelayView, budget: Budget, member: Int[Tensor, " n"], labels: Mapping[str, Tensor]
) -> Clusters:
    """The means of these clusters."""
    y = torch.arange(view.schema.num_classes, device=member.device).repeat_interleave(
        torch.tensor(budget.classes, device=member.device)
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
    return Clusters(view.graph, h, has, y, size, member, labels)
