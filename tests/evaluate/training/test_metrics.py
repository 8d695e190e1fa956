"""Scores against scikit-learn."""

from __future__ import annotations

import dataclasses
import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from evaluate.results.rows import Row
from evaluate.training.metrics import METRICS, auc, majority_share, measure, score


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


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), *[st.integers(-4, 4)] * 3), min_size=1, max_size=40))
def test_every_metric_of_logits_is_scikit_learns(nodes: list[tuple[int, ...]]) -> None:
    truth = torch.tensor([node[0] for node in nodes])
    logits = torch.tensor([node[1:] for node in nodes]).double()
    answers = logits.argmax(dim=1)
    expected = {
        "accuracy": accuracy_score(truth, answers),
        "micro_f1": f1_score(truth, answers, average="micro"),
        "macro_f1": f1_score(truth, answers, average="macro"),
        "auc": auc(logits.softmax(dim=1), truth),
    }
    values = measure(logits, truth)
    assert list(values) == list(expected) == list(METRICS)
    for name, value in values.items():
        close = math.isclose(value, expected[name], abs_tol=1e-12)
        assert close or (math.isnan(value) and math.isnan(expected[name]))


def test_every_metric_has_a_column_of_results() -> None:
    assert set(METRICS) <= {field.name for field in dataclasses.fields(Row)}


def test_the_majoritys_share() -> None:
    assert math.isclose(majority_share(torch.tensor([0, 1, 1, 2]), 1), 0.5)
