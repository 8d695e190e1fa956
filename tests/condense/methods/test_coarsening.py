"""Coarsening keeps the heaviest edges of PᵀAP, scaled to the mean degrees of the clusters' members."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import PseudoLabelling
from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.run import condense
from tests.support.dense import assert_near, multiplicities
from tests.support.graphs import small_graph

SETTINGS = [
    {},
    {"space": "own"},
    {"labels": "labelled"},
    {"labels": "labelled", "space": "own"},
    {"space": "both"},
]


def with_films_joined() -> MultimodalGraph:
    """A graph with a symmetric relation among films, so that the clusters' graph has loops."""
    graph = small_graph(num_target=60, weighted=True)
    pairs = torch.randint(60, (2, 150), generator=torch.Generator().manual_seed(9))
    pairs = pairs[:, pairs[0] != pairs[1]]
    both = torch.cat([pairs, pairs.flip(0)], dim=1)
    graph["movie", "like", "movie"].edge_index = torch.unique(both, dim=1)
    return graph


def coarsened(graph: MultimodalGraph, settings: dict, edge_ratio: float):
    """The coarsened graph, PᵀAP and the clusters' mean in-degrees by dense products, and the budget."""
    budget = plan(graph, 0.2, "all", edge_ratio)
    small = condense(graph, budget, "coarsening", settings, seed=0, device="cpu").graph
    whole, rng = complete(hide_test_labels(graph)), torch.Generator().manual_seed(0)
    pseudo, space = settings.get("labels") != "labelled", settings.get("space", "propagated")
    view = RelayView.of(whole, 2 if pseudo or space == "propagated" else 0, 256, rng)
    clusters = cluster_graph(view, budget, PseudoLabelling() if pseudo else None, rng, space)
    partition = clusters.partition
    p = {
        t: (partition.cluster[t].unsqueeze(1) == torch.arange(budget.nodes[t])).float()  # [n, n']
        for t in whole.node_types
    }
    counts, degrees = {}, {}
    for r in whole.edge_types:
        into = p[r[2]].T @ multiplicities(whole, r)  # [n'_dst, n_src]
        counts[r] = into @ p[r[0]]
        degrees[r] = into.sum(dim=1) / p[r[2]].sum(dim=0)
    return small, counts, degrees, budget


def sharing_out(degree: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Each row of `counts`, scaled to add up to its degree; zero rows stay zero."""
    return degree.unsqueeze(1) * counts / counts.sum(dim=1, keepdim=True).clamp_min(1e-12)


@pytest.mark.parametrize("settings", SETTINGS)
def test_edges_are_those_between_clusters(settings):
    small, counts, degrees, _ = coarsened(with_films_joined(), settings, 1.0)
    for relation, count in counts.items():
        assert bool(count.any())
        expected = sharing_out(degrees[relation], count)
        assert_near(multiplicities(small, relation), expected, 1e-5)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_heaviest_pairs_are_kept(settings):
    small, counts, degrees, budget = coarsened(with_films_joined(), settings, 0.15)
    cut = 0
    for relation, expected in counts.items():
        weight = multiplicities(small, relation)
        kept = weight > 0
        # The last pair of a symmetric relation may not fit.
        spare = 1 if relation[0] == relation[2] else 0
        most = min(budget.edges[relation], int((expected > 0).sum()))
        assert most - spare <= int(kept.sum()) <= most
        assert expected[kept].min() >= expected[~kept].max()
        assert_near(weight, sharing_out(degrees[relation], expected * kept), 1e-5)
        cut += int((expected > 0).sum()) > int(kept.sum())
    assert cut


def test_each_node_counts_once():
    graph = small_graph(num_target=60)
    for settings, members in (({}, 60), ({"labels": "labelled"}, 15)):
        small, *_ = coarsened(graph, settings, 1.0)
        assert int(small["movie"].node_weight.sum()) == members
        assert int(small["actor"].node_weight.sum()) == 30
