"""Where the synthesis starts: a coarsened graph of clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.typing import EdgeType

from condense.budget import Budget
from condense.clusters import cluster, cluster_classes, cluster_means
from condense.pseudolabels import guess
from condense.reduction import FeatureKey
from condense.relay_view import RelayView
from models.schema import features, present
from models.sparse import edge_weights, mean_adjacency


@dataclass(frozen=True)
class Initial:
    """A condensed graph in the relay's coordinates.

    Attributes:
        h: (node type, modality) -> H' [n'_t, r].
        has: (node type, modality) -> which condensed nodes have the modality.
        y: class of each condensed target node.
        counts: relation -> how many original edges (by multiplicity) run between each two condensed
            nodes [n'_dst, n'_src].
        size: node type -> how many original nodes each condensed node stands for.
        member: class of each original target node: true on training nodes, else guessed, or −1 where
            only labelled nodes are used.
        cluster: node type -> the condensed node of each original one, −1 for none.
    """

    h: Mapping[FeatureKey, Tensor]
    has: Mapping[FeatureKey, Tensor]
    y: Int[Tensor, " n"]
    counts: Mapping[EdgeType, Tensor]
    size: Mapping[str, Tensor]
    member: Int[Tensor, " n_whole"]
    cluster: Mapping[str, Int[Tensor, " n_whole"]]


def class_scores(view: RelayView) -> Float[Tensor, "n C"]:
    """Scores of all target nodes, learnt from labelled ones; training nodes keep their true class."""
    store = view.graph[view.schema.target]
    train, val = store.train_mask.nonzero().flatten(), store.val_mask.nonzero().flatten()
    known = torch.cat([train, val])
    ridge = guess(
        view.features(known),
        (torch.arange(len(train), device=train.device), store.y[train]),
        (torch.arange(len(train), len(known), device=train.device), store.y[val]),
        view.schema.num_classes,
    )
    scores = view.scores(ridge.weight) + ridge.bias
    scores[train] = torch.nn.functional.one_hot(store.y[train], view.schema.num_classes).to(scores)
    return scores


def clusters(view: RelayView, budget: Budget, pseudo: bool, generator: torch.Generator) -> Initial:
    """Clusters of every type, and the relations between them.

    Target nodes are clustered by their own features within each class; other types by their features
    and the classes that they meet.

    Args:
        view: the whole graph.
        budget: n'_t and n'_c.
        pseudo: cluster unlabelled nodes too, under the class that the relay guesses; else training
            nodes alone, and the rest belongs to no cluster.
        generator: for k-means.
    """
    target, schema = view.schema.target, view.schema
    store = view.graph[target]
    member = torch.where(store.train_mask, store.y, -1)
    if pseudo:
        member = class_scores(view).argmax(dim=1)  # The true class on training nodes.
    own = _own_features(view, target)
    labels = {target: cluster_classes(own, member, budget.classes, generator)}
    y = torch.arange(schema.num_classes, device=own.device).repeat_interleave(
        torch.tensor(budget.classes, device=own.device)
    )
    # A node that takes no part votes for no class.
    votes = torch.nn.functional.one_hot(member + 1, schema.num_classes + 1)[:, 1:].to(own)
    for node_type in schema.node_types:
        if node_type != target:
            x = torch.cat([_own_features(view, node_type), _met_classes(view, node_type, votes)], 1)
            labels[node_type] = cluster(x, budget.nodes[node_type], generator)
    h, has = {}, {}
    for node_type, modalities in schema.modalities.items():
        for modality in modalities:
            mean, seen = cluster_means(
                features(view.graph[node_type], modality),
                present(view.graph[node_type], modality),
                labels[node_type],
                budget.nodes[node_type],
            )
            h[node_type, modality], has[node_type, modality] = mean, seen
    counts = {r: _edge_counts(view, r, labels, budget) for r in schema.relations}
    size = {t: torch.bincount(labels[t][labels[t] >= 0], minlength=budget.nodes[t]) for t in labels}
    return Initial(h, has, y, counts, size, member, labels)


def _own_features(view: RelayView, node_type: str) -> Float[Tensor, "n d"]:
    """All modalities side by side, each of mean squared row norm one."""
    parts = []
    for modality in view.schema.modalities[node_type]:
        x = features(view.graph[node_type], modality)
        parts.append(x / x.square().sum(dim=1).mean().sqrt().clamp_min(1e-12))
    count = int(view.graph[node_type].num_nodes)
    device = view.graph[view.schema.target].y.device
    return torch.cat(parts, dim=1) if parts else torch.zeros(count, 0, device=device)


def _met_classes(
    view: RelayView, node_type: str, votes: Float[Tensor, "n C"]
) -> Float[Tensor, "n_t k"]:
    """The class distribution of a node's target neighbours, under each relation that it has to them."""
    parts = [
        mean_adjacency(view.graph, r) @ votes
        for r in view.schema.relations
        if r[0] == view.schema.target and r[2] == node_type
    ]
    count = int(view.graph[node_type].num_nodes)
    return torch.cat(parts, dim=1) if parts else votes.new_zeros(count, 0)


def _edge_counts(
    view: RelayView, relation: EdgeType, labels: Mapping[str, Tensor], budget: Budget
) -> Float[Tensor, "n_dst n_src"]:
    """Original edges between clusters; edges of unclustered nodes are left out."""
    source, _, destination = relation
    src, dst = view.graph[relation].edge_index
    rows, columns = labels[destination][dst], labels[source][src]
    inside = (rows >= 0) & (columns >= 0)
    height, width = budget.nodes[destination], budget.nodes[source]
    flat = torch.zeros(height * width, device=src.device)
    flat.index_add_(0, (rows * width + columns)[inside], edge_weights(view.graph, relation)[inside])
    return flat.view(height, width)
