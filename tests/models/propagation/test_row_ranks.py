"""Ranks within rows against sorting each row."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.propagation.row_ranks import row_ranks, shuffled_row_ranks

ENTRIES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=30)


@given(ENTRIES)
def test_the_greatest_ranks_first_and_the_earlier_of_equals(entries: list[tuple[int, int]]) -> None:
    row = torch.tensor([r for r, _ in entries], dtype=torch.long)
    value = torch.tensor([float(v) for _, v in entries])
    expected = [0] * len(entries)
    for r in range(5):
        own = [i for i, (at, _) in enumerate(entries) if at == r]
        for rank, i in enumerate(sorted(own, key=lambda i: -entries[i][1])):
            expected[i] = rank
    assert row_ranks(row, value, 5).tolist() == expected


def test_distinct_weights_rank_the_same_by_both_rules() -> None:
    rng = torch.Generator().manual_seed(0)
    weight = torch.rand(54, generator=rng) + 0.1
    row, column = torch.ones(6, 9).nonzero().T
    assert torch.equal(shuffled_row_ranks(row, column, weight, 6), row_ranks(row, weight, 6))


def test_equal_weights_are_chosen_evenly_and_always_alike() -> None:
    n = 400
    row, column = torch.ones(n, n).nonzero().T
    weight = torch.ones(n * n, dtype=torch.float64)
    kept = shuffled_row_ranks(row, column, weight, n) < 20
    rounded = weight * (1 + 1e-9 * torch.rand(n * n, dtype=torch.float64))
    assert torch.equal(kept, shuffled_row_ranks(row, column, rounded, n) < 20)
    assert torch.bincount(row[kept], minlength=n).tolist() == [20] * n
    chosen = torch.bincount(column[kept], minlength=n).double()
    assert chosen.std() < 2 * 20**0.5  # By chance: a standard deviation of 4.4.
