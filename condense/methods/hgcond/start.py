"""Where HGCond starts: clusters of every type's embeddings under a relay trained on the whole graph."""

from __future__ import annotations

import torch

from condense.budget import Budget
from condense.clustering.clusters import Clusters, clusters_of
from condense.clustering.kmeans import kmeans, kmeans_by_class
from condense.clustering.propagation import RelayView
from condense.methods.hgcond.relay import HeteroSGC, RelayGraph
from models.propagation.sparse import SparseMap, mean_adjacency
from models.relays.adam import Adam
from models.schema import features

LR, DECAY = 0.005, 0.001
"""Learning rate and weight decay of the relay's training on the whole graph, as in the authors' code."""


def whole_graph(view: RelayView) -> RelayGraph:
    """The whole graph as the relay reads it: all modalities of a type side by side, reduced."""
    schema, device = view.schema, view.block.device
    x = {}
    for t, modalities in schema.modalities.items():
        none = torch.zeros(int(view.graph[t].num_nodes), 0, device=device)
        x[t] = torch.cat([none, *(features(view.graph[t], m) for m in modalities)], dim=1)
    maps = {r: SparseMap(mean_adjacency(view.graph, r)) for r in schema.relations}
    return RelayGraph(
        x,
        {r: each.matrix for r, each in maps.items()},
        {r: each.transposed for r, each in maps.items()},
        schema.target,
    )


@torch.no_grad()
def trained(
    theta: HeteroSGC,
    graph: RelayGraph,
    view: RelayView,
    epochs: int,
    generator: torch.Generator,
) -> HeteroSGC:
    """θ after `epochs` steps of Adam on the training nodes, from W ~ N(0, 1/d), V ~ N(0, 1/k); in place."""
    for matrix in theta.matrices():
        matrix.normal_(0, max(len(matrix), 1) ** -0.5, generator=generator)
    y, share = targets(view)
    adam = Adam(theta.tensors(), LR)
    for _ in range(epochs):
        gradients = theta.gradients(graph, y, share)
        adam.step([g + DECAY * p for g, p in zip(gradients, adam.parameters, strict=True)])
    return theta


def targets(view: RelayView) -> tuple[torch.Tensor, torch.Tensor]:
    """Y of all target nodes, one-hot [n, C], and each training node's share in the mean loss [n]."""
    store = view.graph[view.schema.target]
    y = torch.nn.functional.one_hot(store.y.clamp_min(0), view.schema.num_classes)
    share = store.train_mask.to(torch.get_default_dtype())
    return y.to(share.dtype), share / share.sum()


@torch.no_grad()
def clusters_of_embeddings(
    view: RelayView,
    graph: RelayGraph,
    theta: HeteroSGC,
    budget: Budget,
    generator: torch.Generator,
) -> Clusters:
    """k-means of every type's embeddings; target nodes within each class, true or predicted.

    Args:
        view: the whole graph.
        graph: the same for the relay.
        theta: trained.
        budget: n'_t and n'_c.
        generator: for k-means.
    """
    store, target = view.graph[view.schema.target], view.schema.target
    h = theta.embeddings(graph, theta.inputs(graph))
    guessed = theta.logits(h[target]).argmax(dim=1)
    node_class = torch.where(store.train_mask, store.y, guessed)
    labels = {target: kmeans_by_class(h[target], node_class, budget.classes, generator)}
    for t in view.schema.node_types:
        if t != target:
            labels[t] = kmeans(h[t], budget.nodes[t], generator)
    return clusters_of(view, budget, node_class, labels)
