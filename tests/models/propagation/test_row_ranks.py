"""Ranks within rows against sorting each row."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.propagation.row_ranks import row_ranks

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
