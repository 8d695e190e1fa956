"""Ranking by coverage of a sample, and class shares, on worked examples."""

from __future__ import annotations

import torch

from condense.selection.exemplars import Ranking, shares


def test_a_sample_is_covered_by_all_rows():
    z = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    ranking = Ranking.of(z, 4, 0.2, torch.Generator().manual_seed(0))
    assert ranking.neighbours.shape == (10, 4)
    assert ranking.order.sort().values.tolist() == list(range(50))
    # Each row is the first of its own neighbours.
    drawn = ranking.neighbours[:, 0]
    assert len(drawn.unique()) == 10
    assert ranking.coverage(drawn) == 1
    other = Ranking.of(z, 4, 0.2, torch.Generator().manual_seed(1))
    assert not torch.equal(other.neighbours, ranking.neighbours)


def test_coverage_is_the_share_with_a_near_row():
    # 0 and 1 lie together, 2 and 3 as well; 4 is nearest to 3.
    z = torch.tensor([[0.0], [1.0], [10.0], [11.0], [13.0]])
    ranking = Ranking.of(z, 2, 1.0, torch.Generator())
    assert ranking.order[:2].tolist() == [3, 0]
    assert ranking.coverage(torch.tensor([3])) == 0.6
    assert ranking.coverage(torch.tensor([0, 3])) == 1


def test_shares_take_the_first_by_rank_and_fill_up():
    y = torch.tensor([0, 0, 0, 1, 1, 1, 2, -1])
    ranked = torch.tensor([6, 2, 5, 0, 4, 1, 3])
    first = torch.zeros(8, dtype=torch.bool)
    first[[0, 1, 2, 3, 7]] = True
    assert shares(ranked, first, y, (2, 2, 1)).tolist() == [2, 0, 3, 5, 6]
