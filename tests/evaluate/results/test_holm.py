"""Holm's correction against his own procedure, which never computes a corrected p-value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluate.results.holm import holm


def rejected(p_values: list[float], alpha: float) -> set[int]:
    """Step by step: the least p against α/m, the next against α/(m − 1), … until one is too great."""
    left, found = sorted(range(len(p_values)), key=p_values.__getitem__), set()
    while left and p_values[left[0]] <= alpha / len(left):
        found.add(left.pop(0))
    return found


@given(
    st.lists(st.floats(0, 1), max_size=12),
    st.sampled_from([0.001, 0.01, 0.05, 0.2, 0.5]),
)
def test_as_the_procedure_decides(p_values: list[float], alpha: float) -> None:
    corrected = holm(p_values)
    # Where α · (m − j + 1) and p differ by rounding alone, either answer is right.
    clear = [i for i, p in enumerate(corrected) if abs(p - alpha) > 1e-9]
    assert {i for i in clear if corrected[i] <= alpha} == rejected(p_values, alpha) & set(clear)


def test_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
