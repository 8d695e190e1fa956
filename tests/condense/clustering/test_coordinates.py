"""Projected features keep the distances of the propagated ones, which are never formed at full height."""

from __future__ import annotations

import pytest
import torch

from condense.clustering import coordinates as spaces
from condense.clustering.coordinates import (
    coordinates,
    directions,
    neighbour_clusters,
    own_features,
    propagated_features,
)
from condense.clustering.propagation import RelayView
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from tests.support.dense import assert_near, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def view_of(hops=2):
    whole = complete(hide_test_labels(small_graph(num_target=80, dtype=torch.float64)))
    return RelayView.of(whole, hops, 256, torch.Generator().manual_seed(0))


def distances(x):
    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")


@pytest.mark.parametrize(("hops", "width"), [(0, 256), (2, 256), (2, 60)])
def test_nothing_is_lost_where_the_width_suffices(hops, width, monkeypatch):
    monkeypatch.setattr(spaces, "WIDTH", width)
    view = view_of(hops)
    z = view.features(torch.arange(80))
    found = propagated_features(view, torch.Generator().manual_seed(1))
    assert found.shape == (80, min(width, z.size(1), 80))
    if z.size(1) <= width:
        assert_near(distances(found), distances(z))


def test_narrow_coordinates_keep_most_of_what_any_could(monkeypatch):
    monkeypatch.setattr(spaces, "WIDTH", 5)
    view = view_of()
    z = view.features(torch.arange(80))
    found = propagated_features(view, torch.Generator().manual_seed(1))
    kept = (found - found.mean(dim=0)).square().sum()
    best = torch.linalg.svdvals(z - z.mean(dim=0))[:5].square().sum()
    assert found.shape == (80, 5)
    assert 0.99 * best < kept <= best * (1 + 1e-9)


def test_own_modalities_weigh_the_same():
    x = own_features(view_of(), "movie")
    text, image = x[:, :6], x[:, 6:]
    assert_near(text.square().sum(dim=1).mean(), torch.tensor(1.0))
    assert_near(image.square().sum(dim=1).mean(), torch.tensor(1.0))
    assert own_features(view_of(), "director").shape == (20, 6)


def test_directions_forget_lengths():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(20, 8, generator=rng)
    stretch = torch.rand(20, 1, generator=rng) + 0.5
    found = directions(torch.cat([x * stretch, -x * stretch]))  # Their mean is zero.
    assert_near(found, directions(torch.cat([x, -x])))
    assert_near(found.norm(dim=1), torch.ones(40))


def test_rows_at_the_mean_have_no_direction():
    """Nodes without any modality are zero rows among standardised ones, whose mean is rounded."""
    x = torch.randn(900, 8, generator=torch.Generator().manual_seed(0)).float()
    x = torch.cat([(x - x.mean(dim=0)) / x.std(dim=0), torch.zeros(100, 8).float()])
    found = directions(x)
    assert not bool(found[900:].any())
    assert_near(found[:900].norm(dim=1), torch.ones(900).float(), 1e-5)
    assert not bool(directions(torch.full((5, 8), 0.1).float()).any())


def test_lengths_of_few_columns_are_kept():
    prices = torch.tensor([[1.0], [2.0], [9.0]])
    assert torch.equal(directions(prices), prices)
    assert directions(torch.zeros(0, 20)).shape == (0, 20)


def test_both_spaces_stand_side_by_side():
    view = view_of()
    parts = [coordinates(view, s, torch.Generator().manual_seed(1)) for s in ("own", "propagated")]
    found = coordinates(view, "both", torch.Generator().manual_seed(1))
    assert_near(found, torch.cat(parts, dim=1))


def met_by_hand(view, node_type, cluster, count):
    """Under each relation from films, the share of a node's neighbours, by multiplicity, in each cluster."""
    parts = []
    for relation in view.schema.relations:
        if relation[2] == node_type and relation[0] == "movie":
            weight = multiplicities(view.graph, relation)  # [n_t, n]
            inside = torch.stack([weight[:, cluster == k].sum(dim=1) for k in range(count)], dim=1)
            parts.append(inside / weight.sum(dim=1, keepdim=True).clamp_min(1e-12))
    return torch.cat(parts, dim=1)


def test_met_clusters_are_shares_of_neighbours():
    view = view_of()
    cluster = torch.arange(80) % 6 - 1  # The first of them in none.
    found = neighbour_clusters(view, "actor", {"movie": cluster}, torch.Generator())
    assert_near(found, met_by_hand(view, "actor", cluster, 5))
    nowhere = {"movie": torch.full((80,), -1)}
    for clusters in ({}, nowhere):
        assert neighbour_clusters(view, "actor", clusters, torch.Generator()).shape == (
            len(found),
            0,
        )


def test_many_clusters_keep_their_distances_up_to_chance(monkeypatch):
    monkeypatch.setattr(spaces, "WIDTH", 64)
    view = view_of()
    cluster = torch.arange(80)
    found = neighbour_clusters(view, "actor", {"movie": cluster}, torch.Generator().manual_seed(0))
    exact = met_by_hand(view, "actor", cluster, 80)
    assert found.size(1) == 64 * exact.size(1) // 80
    ratio = distances(found) / distances(exact).clamp_min(1e-9)
    off = distances(exact) > 0.1
    assert abs(float(ratio[off].mean()) - 1) < 0.1
    assert float(ratio[off].std()) < 0.2
