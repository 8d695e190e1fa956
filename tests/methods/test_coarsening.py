"""Coarsening's edges are PᵀAP, cut to the heaviest and scaled; its clusters are those of their space."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.data.features import complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.initial import clusters
from condense.relay_view import RelayView
from condense.run import condense
from tests.dense import assert_near, multiplicities
from tests.graphs import small_graph

SETTINGS = [
    {},
    {"space": "own"},
    {"labels": "labelled"},
    {"labels": "labelled", "space": "own"},
]


def with_films_joined() -> MultimodalGraph:
    """Also a symmetric relation among films; the clusters' graph then has loops."""
    graph = small_graph(num_target=60, weighted=True)
    pairs = torch.randint(60, (2, 150), generator=torch.Generator().manual_seed(9))
    pairs = pairs[:, pairs[0] != pairs[1]]
    both = torch.cat([pairs, pairs.flip(0)], dim=1)
    graph["movie", "like", "movie"].edge_index = torch.unique(both, dim=1)
    return graph


def made(graph: MultimodalGraph, settings: dict, edge_ratio: float):
    """The condensed graph, and PᵀAP of each relation from the same clusters, by dense products."""
    budget = plan(graph, 0.2, "all", edge_ratio)
    small = condense(graph, budget, "coarsening", settings, seed=0, device="cpu").graph
    whole, rng = complete(hide_test_labels(graph)), torch.Generator().manual_seed(0)
    pseudo, space = settings.get("labels") != "labelled", settings.get("space", "propagated")
    view = RelayView.of(whole, 2 if pseudo or space == "propagated" else 0, 256, rng)
    found = clusters(view, budget, pseudo, rng, space)
    p = {
        t: (found.cluster[t].unsqueeze(1) == torch.arange(budget.nodes[t])).float()  # [n, n']
        for t in whole.node_types
    }
    counts = {r: p[r[2]].T @ multiplicities(whole, r) @ p[r[0]] for r in whole.edge_types}
    return small, counts, budget


@pytest.mark.parametrize("settings", SETTINGS)
def test_edges_are_those_between_clusters(settings):
    small, counts, _ = made(with_films_joined(), settings, 1.0)
    for relation, expected in counts.items():
        number = int((expected > 0).sum())
        assert number > 0
        assert_near(multiplicities(small, relation), expected * number / expected.sum(), 1e-5)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_heaviest_pairs_are_kept(settings):
    small, counts, budget = made(with_films_joined(), settings, 0.15)
    cut = 0
    for relation, expected in counts.items():
        weight = multiplicities(small, relation)
        kept = weight > 0
        # The last pair of a symmetric relation may not fit.
        spare = 1 if relation[0] == relation[2] else 0
        most = min(budget.edges[relation], int((expected > 0).sum()))
        assert most - spare <= int(kept.sum()) <= most
        assert expected[kept].min() >= expected[~kept].max()
        assert_near(weight[kept], expected[kept] * kept.sum() / expected[kept].sum(), 1e-5)
        cut += int((expected > 0).sum()) > int(kept.sum())
    assert cut


def test_each_node_counts_once():
    graph = small_graph(num_target=60)
    for settings, members in (({}, 60), ({"labels": "labelled"}, 15)):
        small, _, _ = made(graph, settings, 1.0)
        assert int(small["movie"].node_weight.sum()) == members
        assert int(small["actor"].node_weight.sum()) == 30
