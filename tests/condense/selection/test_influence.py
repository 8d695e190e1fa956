"""Personalised PageRank against the inverse of the dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from condense.selection.influence import influence


@pytest.mark.parametrize("restart", [0.05, 0.5, 1.0])
def test_influence_is_the_sum_of_rows_of_the_inverse(restart):
    rng = np.random.default_rng(0)
    field = rng.random((7, 5)) < 0.4
    field[:, 3] = False  # Reached by nobody.
    n = sum(field.shape)
    looped = np.eye(n)
    looped[:7, 7:], looped[7:, :7] = field, field.T
    scale = looped.sum(axis=1) ** -0.5
    operator = scale[:, None] * looped * scale
    rank = restart * np.linalg.inv(np.eye(n) - (1 - restart) * operator)
    found = influence(sp.csr_array(field), np.array([2, 4]), restart)
    np.testing.assert_allclose(found, rank[[2, 4], 7:].sum(axis=0), atol=1e-8)
    assert found[3] == 0
    assert (found > 0).any() == (restart < 1)
