"""Scores against scikit-learn; retention by hand."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from evaluate.metrics import corrected_retention, majority_share, retention, score


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_scores_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    truth, said = (torch.tensor(column) for column in zip(*pairs, strict=True))
    found = score(said, truth, 4)
    assert math.isclose(found.micro_f1, f1_score(truth, said, average="micro"))
    assert math.isclose(found.macro_f1, f1_score(truth, said, average="macro"), abs_tol=1e-12)
    assert math.isclose(found.accuracy, accuracy_score(truth, said))


def test_retention() -> None:
    assert math.isclose(retention(0.6, 0.8), 0.75)
    assert math.isclose(corrected_retention(0.6, 0.8, 0.4), 0.5)
    assert math.isnan(corrected_retention(0.6, 0.3, 0.4))
    assert math.isclose(majority_share(torch.tensor([0, 1, 1, 2]), 1), 0.5)
