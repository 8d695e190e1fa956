"""Initialisations of one sequence are orthogonal in every row, and the next sequence is another one."""

from __future__ import annotations

import torch

from condense.methods.hgcond.sequence import OrthogonalSequence, RandomSequence


def test_as_many_initialisations_as_outputs_are_orthonormal_in_each_row():
    sequence = OrthogonalSequence(torch.zeros(5, 4, dtype=torch.float64))
    rng = torch.Generator().manual_seed(0)
    drawn = torch.stack([sequence.at(i, rng).clone() for i in range(8)])  # [8, 5, 4]
    for four in drawn.split(4):
        rows = four.transpose(0, 1)  # [5, 4, 4]: the four initialisations of each row
        eye = torch.eye(4, dtype=torch.float64).expand(5, 4, 4)
        torch.testing.assert_close(rows @ rows.transpose(1, 2), eye)
    assert not torch.allclose(drawn[0], drawn[4])


def test_entries_have_mean_zero_in_both_kinds():
    """QR alone makes matrices whose diagonal has one sign."""
    for kind in (OrthogonalSequence, RandomSequence):
        first = kind(torch.zeros(4000, 3)).at(0, torch.Generator().manual_seed(0))
        assert float(first.mean(dim=0).abs().max()) < 0.05
        assert abs(float(first.square().sum(dim=1).mean()) - 1) < 0.05
