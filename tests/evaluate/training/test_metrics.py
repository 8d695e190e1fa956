"""Scores against scikit-learn; retention by hand."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from evaluate.training.metrics import auc, corrected_retention, majority_share, retention, score


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_scores_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    truth, said = (torch.tensor(column) for column in zip(*pairs, strict=True))
    found = score(said, truth, 4)
    assert math.isclose(found.micro_f1, f1_score(truth, said, average="micro"))
    assert math.isclose(found.macro_f1, f1_score(truth, said, average="macro"), abs_tol=1e-12)
    assert math.isclose(found.accuracy, accuracy_score(truth, said))


@given(st.lists(st.tuples(st.integers(0, 2), *[st.integers(0, 4)] * 3), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_auc_is_scikit_learns(nodes: list[tuple[int, ...]]) -> None:
    truth = torch.tensor([node[0] for node in nodes])
    chance = torch.tensor([node[1:] for node in nodes]).double()  # Integers, so that ties occur.
    areas = [
        roc_auc_score(truth == c, chance[:, c])
        for c in range(3)
        if 0 < int((truth == c).sum()) < len(truth)
    ]
    found = auc(chance, truth)
    if areas:
        assert math.isclose(found, sum(areas) / len(areas))
    else:
        assert math.isnan(found)


def test_retention() -> None:
    assert math.isclose(retention(0.6, 0.8), 0.75)
    assert math.isclose(corrected_retention(0.6, 0.8, 0.4), 0.5)
    assert math.isnan(corrected_retention(0.6, 0.3, 0.4))
    assert math.isclose(majority_share(torch.tensor([0, 1, 1, 2]), 1), 0.5)
