"""Clusters found are the planted ones; means are those of their members."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import kmeans_plusplus

from condense.clustering import kmeans as module
from condense.clustering.kmeans import (
    cluster_means,
    fitted_rows,
    kmeans,
    kmeans_by_class,
    spread_out,
)
from condense.errors import BudgetError


def planted(count, members, seed=0):
    """`count` tight groups far apart, shuffled, and the group of each point."""
    rng = torch.Generator().manual_seed(seed)
    group = torch.arange(count).repeat_interleave(members)
    group = group[torch.randperm(len(group), generator=rng)]
    centres = 100 * torch.eye(count)
    return centres[group] + torch.randn(len(group), count, generator=rng), group


def same_partition(a, b):
    return torch.equal(a[:, None] == a[None], b[:, None] == b[None])


def test_planted_groups_are_found():
    x, group = planted(5, 20)
    found = kmeans(x, 5, torch.Generator().manual_seed(0))
    assert set(found.tolist()) == set(range(5))
    assert same_partition(found, group)


def test_equal_seeds_give_equal_clusters():
    x = torch.randn(60, 3, generator=torch.Generator().manual_seed(0))
    first, second, third = (kmeans(x, 7, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_too_few_nodes_stand_for_themselves():
    x = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    assert kmeans(x, 3, torch.Generator()).tolist() == [0, 1, 2]
    assert kmeans(x, 5, torch.Generator()).tolist() == [0, 1, 2]
    assert kmeans(x[:0], 5, torch.Generator()).tolist() == []


def test_nodes_without_features_are_dealt_out_evenly():
    found = kmeans(torch.zeros(23, 0), 5, torch.Generator().manual_seed(0))
    assert sorted(torch.bincount(found).tolist()) == [4, 4, 5, 5, 5]
    other = kmeans(torch.zeros(23, 0), 5, torch.Generator().manual_seed(1))
    assert not torch.equal(found, other)


def test_classes_have_clusters_of_their_own():
    x, group = planted(6, 8)
    member = group // 2  # Classes 0, 1, 2 of two groups each.
    member[::7] = -1
    found = kmeans_by_class(x, member, (2, 2, 2), torch.Generator().manual_seed(0))
    part = member >= 0
    assert torch.equal(found >= 0, part)
    assert torch.equal(found[part] // 2, member[part])
    assert same_partition(found[part], group[part])


def test_a_class_with_fewer_members_than_clusters():
    x = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
    member = torch.tensor([1, 1, 0, 1])
    assert kmeans_by_class(x, member, (1, 3), torch.Generator()).tolist() == [1, 2, 0, 3]
    with pytest.raises(BudgetError, match=r"3 condensed nodes of class 0, .* only 1 nodes"):
        kmeans_by_class(x, member, (3, 3), torch.Generator())


def test_coinciding_points_leave_no_cluster_empty():
    x = torch.tensor([[0.0], [1.0], [5.0]]).repeat(20, 1)
    found = kmeans(x, 6, torch.Generator().manual_seed(0))
    assert (torch.bincount(found, minlength=6) > 0).all()
    # Only points that coincide share a cluster: none is pulled to another place.
    for c in range(6):
        assert len(x[found == c].unique()) == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 20), st.integers(1, 5))
def test_means_by_a_loop(seed, n, count):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=rng, dtype=torch.float64)
    has = torch.rand(n, generator=rng) < 0.6
    labels = torch.randint(-1, count, (n,), generator=rng)
    mean, seen = cluster_means(x, has, labels, count)
    for c in range(count):
        rows = [x[i] for i in range(n) if labels[i] == c and has[i]]
        assert bool(seen[c]) is bool(rows)
        expected = torch.stack(rows).mean(dim=0) if rows else torch.zeros(3, dtype=torch.float64)
        assert torch.allclose(mean[c], expected, rtol=1e-12)


def test_start_of_k_means_takes_distant_rows_and_each_point_once():
    """Three far groups: one row of each; no row twice as long as there are distinct points."""
    rng = torch.Generator().manual_seed(0)
    groups = 100 * torch.eye(3)[torch.arange(60) % 3] + torch.rand(60, 3, generator=rng)
    for seed in range(10):
        rows = spread_out(groups, 3, torch.Generator().manual_seed(seed))
        assert sorted((rows % 3).tolist()) == [0, 1, 2]
    rows = spread_out(groups, 60, rng)
    assert len(rows.unique()) == 60


def test_start_of_k_means_is_as_good_as_scikit_learns():
    rng = torch.Generator().manual_seed(1)
    x = (
        torch.randn(400, 5, generator=rng)
        + 4 * torch.randn(12, 5, generator=rng)[torch.randint(12, (400,), generator=rng)]
    )

    def left(centres):
        return torch.cdist(x, centres).amin(dim=1).square().sum().item()

    ours = [left(x[spread_out(x, 12, torch.Generator().manual_seed(s))]) for s in range(20)]
    theirs = [
        left(torch.from_numpy(kmeans_plusplus(x.numpy(), 12, random_state=s)[0])) for s in range(20)
    ]
    assert sum(ours) < 1.1 * sum(theirs)


def test_start_of_k_means_when_all_points_are_one():
    rows = spread_out(torch.ones(5, 2), 3, torch.Generator().manual_seed(0))
    assert len(rows) == 3
    assert set(rows.tolist()) <= set(range(5))


def test_centres_of_a_sample_find_the_planted_groups_of_all(monkeypatch):
    monkeypatch.setattr(module, "MOST_FITTED", 60)
    monkeypatch.setattr(module, "LEAST_A_CLUSTER", 2)
    monkeypatch.setattr(module, "FEWEST_FITTED", 2)
    x, group = planted(5, 80)
    found = kmeans(x, 5, torch.Generator().manual_seed(0))
    assert same_partition(found, group)


@pytest.mark.parametrize(
    ("n", "count", "rows"),
    [
        (4096, 1, None),
        (5000, 2, 4096),
        (60_000, 100, 25_600),
        (100_000, 1000, 65_536),
        (200_000, 5000, 160_000),
    ],
)
def test_a_sample_has_enough_rows_for_each_cluster(n, count, rows):
    found = fitted_rows(n, count, torch.Generator().manual_seed(0))
    if rows is None:
        assert found is None
    else:
        assert len(found.unique()) == rows
        assert torch.equal(found, found.sort().values)


@pytest.mark.parametrize("at_once", [100, 5])
def test_a_class_that_gets_no_cluster(monkeypatch, at_once):
    monkeypatch.setattr(module, "MOST_AT_ONCE", at_once)
    x, group = planted(3, 20)
    found = kmeans_by_class(x, group, (2, 0, 7), torch.Generator().manual_seed(0))
    assert (found[group == 1] == -1).all()
    assert set(found[group == 0].tolist()) == {0, 1}
    assert set(found[group == 2].tolist()) == set(range(2, 9))


def test_many_clusters_are_sought_in_halves(monkeypatch):
    x, group = planted(12, 20)
    member = group % 2
    rng = torch.Generator().manual_seed(0)
    monkeypatch.setattr(module, "MOST_AT_ONCE", 5)
    found = kmeans_by_class(x, member, (9, 4), rng)
    size = torch.bincount(found, minlength=13)
    assert (size > 0).all()
    assert all(len(member[found == k].unique()) == 1 for k in range(13))
    assert set(found[member == 0].tolist()) == set(range(9))
    # They are nearly as good as those that are sought at once.
    monkeypatch.undo()
    one = kmeans_by_class(x, member, (9, 4), torch.Generator().manual_seed(0))

    def within(labels):
        mean, _ = cluster_means(x, torch.ones(len(x), dtype=torch.bool), labels, 13)
        return float((x - mean[labels]).square().sum())

    assert within(found) < 3 * within(one)


def test_no_fit_has_more_clusters_than_it_may_where_a_few_nodes_lie_far_out(monkeypatch):
    """A coarse k-means would give one cluster nearly all nodes, and nearly all clusters."""
    monkeypatch.setattr(module, "MOST_AT_ONCE", 5)
    counts = []

    def counted(x, count, *given):
        counts.append(count)
        return original(x, count, *given)

    original = module.fit
    monkeypatch.setattr(module, "fit", counted)
    x = torch.zeros(400, 2)
    x[:10] = 100 * torch.randn(10, 2, generator=torch.Generator().manual_seed(0))
    found = kmeans(x, 60, torch.Generator().manual_seed(0))
    assert len(found.unique()) == 60
    assert max(counts) <= 5
