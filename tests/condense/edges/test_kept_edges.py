"""The pairs that are kept are the greatest; equal ones are chosen by where they lie, not by how many others
are candidates."""

from __future__ import annotations

import pytest
import torch

from condense.edges import kept_edges
from condense.edges.kept_edges import greatest, greatest_mirrored
from condense.edges.pairs import Pairs
from tests.condense.edges.test_pairs import some


def tied(pairs):
    """Whole numbers, so that many are equal."""
    rng = torch.Generator().manual_seed(0)
    return torch.randint(1, 4, (len(pairs),), generator=rng).float()


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("budget", [0, 1, 40, 90, 1000])
def test_the_greatest(small, share, budget, monkeypatch):
    if not small:
        monkeypatch.setattr(kept_edges, "SMALL", 10)
    pairs = some(1, 12, 20, share)
    values = tied(pairs)
    kept = greatest(values, pairs, budget)
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert len(kept) == min(budget, len(pairs))
    assert torch.equal(values[kept].sort().values, values.sort().values[len(pairs) - len(kept) :])


@pytest.mark.parametrize("budget", [1, 40, 60])
def test_equal_ones_are_the_same_among_few_candidates_as_in_the_whole_matrix(budget):
    pairs = some(1, 12, 20, 0.3)
    values = tied(pairs)
    whole = torch.full((240,), -torch.inf).index_copy(0, pairs.place, values)
    kept = greatest(values, pairs, budget)
    expected = greatest(whole, Pairs.every(12, 20), budget)
    assert torch.equal(pairs.place[kept], expected)


@pytest.mark.parametrize("budget", [0, 1, 7, 20, 500])
def test_mirrored_pairs_are_kept_together(budget):
    half = some(2, 9, 9, 0.3)
    pairs = Pairs(torch.cat([half.place, half.columns * 9 + half.rows]).unique(), (9, 9))
    values = tied(pairs)
    values = values + values[pairs.partner]
    kept = greatest_mirrored(values, pairs, budget)
    assert set(pairs.partner[kept].tolist()) == set(kept.tolist())
    assert budget - 1 <= len(kept) <= budget or len(kept) == len(pairs)
    left = values[[k for k in range(len(pairs)) if k not in kept.tolist()]]
    assert not len(kept) or not len(left) or values[kept].min() >= left.max()
