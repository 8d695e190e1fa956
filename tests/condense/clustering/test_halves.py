"""Groups with too many clusters are halved where they vary most."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.clustering.halves import halved, shares
from condense.clustering.rows import RowsInMemory


def test_a_group_is_halved_across_its_longest_direction():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(1000, 5, generator=rng) * torch.tensor([1.0, 9, 1, 1, 1]) + 40
    one = torch.zeros(1000, dtype=torch.long)
    half, counts = halved(RowsInMemory(x), one, [6], 3, rng)
    assert counts == [3, 3]
    assert half.sum() == 500
    low, high = sorted([x[half == 0, 1], x[half == 1, 1]], key=lambda each: float(each.mean()))
    # The found direction leans a little to the others.
    assert low.quantile(0.95) < high.quantile(0.05) + 1


def test_halves_do_not_depend_on_how_the_axes_are_turned():
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(301, 6, generator=rng)
    turn = torch.linalg.qr(torch.randn(6, 6, generator=rng)).Q
    member = torch.arange(301) % 2
    a, b = (
        halved(RowsInMemory(each), member, [9, 7], 2, torch.Generator().manual_seed(0))
        for each in (x, x @ turn)
    )
    assert torch.equal(a[0], b[0])
    assert a[1] == b[1]
    assert sum(a[1]) == 16


def test_groups_are_numbered_in_order_and_the_others_stay():
    x = torch.arange(32.0).unsqueeze(1)
    member = torch.tensor([1] * 8 + [-1] * 4 + [0] * 4 + [2] * 16)
    found, counts = halved(RowsInMemory(x), member, [3, 6, 8], 4, torch.Generator().manual_seed(0))
    assert counts == [3, 3, 3, 4, 4]
    assert found[member == -1].tolist() == [-1] * 4
    assert found[member == 0].tolist() == [0] * 4
    assert sorted(found[:5].tolist()) in ([1] * 4 + [2], [1] + [2] * 4)
    assert set(found[member == 2].tolist()) == {3, 4}


@pytest.mark.parametrize("far", [0, 1, 10])
def test_groups_that_coincide_are_dealt_out(far):
    x = torch.zeros(400, 3)
    x[:far] = 100 * torch.randn(far, 3, generator=torch.Generator().manual_seed(0))
    member = torch.zeros(400, dtype=torch.long)
    found, counts = halved(RowsInMemory(x), member, [100], 30, torch.Generator().manual_seed(0))
    assert counts == [25, 25, 25, 25]
    assert torch.bincount(found).tolist() == [100, 100, 100, 100]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 9))
def test_every_part_has_nodes_for_its_clusters(seed, count, most):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(60, 2, generator=rng).round()
    member = torch.randint(-1, 1, (60,), generator=rng)
    count = min(count, int((member == 0).sum()))
    found, counts = halved(RowsInMemory(x), member, [count], most, rng)
    assert sum(counts) == count
    assert max(counts) <= most
    assert torch.equal(found < 0, member < 0)
    sizes = torch.bincount(found[found >= 0], minlength=len(counts))
    assert (sizes >= torch.tensor(counts)).all()
    if count > 1:
        assert min(counts) >= 1


def test_clusters_are_shared_out_by_size():
    assert shares(torch.tensor([10, 30, 60]), 10) == [1, 3, 6]
    assert shares(torch.tensor([1, 1, 50]), 20) == [1, 1, 18]
    assert shares(torch.tensor([3, 2]), 5) == [3, 2]
