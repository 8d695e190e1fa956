"""Every switch changes a setting, and no test label is read."""

from __future__ import annotations

import copy

import pytest

from benchmarks.switches import STUDIES, UNTRAINED, measure
from condense.config import build
from evaluate.training.task import EvaluationTask
from models.registry import MODELS
from tests.support.graphs import small_graph


@pytest.mark.parametrize("model", STUDIES)
def test_every_switch_changes_a_setting(model: str) -> None:
    kind = MODELS[model].settings
    for name, values in STUDIES[model].switches.items():
        assert build(kind, values, name) != kind()
    assert len(set(STUDIES[model].names)) == len(STUDIES[model].switches) + 2


@pytest.mark.parametrize("switch", ["as it is", "no distances", UNTRAINED])
def test_scores_are_shares_and_blind_to_test_labels(switch: str) -> None:
    graph = small_graph()
    changed = copy.deepcopy(graph)
    store = changed["movie"]
    store.y[store.test_mask] = (store.y[store.test_mask] + 1) % 3
    scores = [
        measure(dict.fromkeys((20, 40, 60), EvaluationTask.of(g)), "hero", switch, 2, 0)
        for g in (graph, changed)
    ]
    assert scores[0] == scores[1]
    assert len(scores[0]) == 4
    assert all(0 <= value <= 100 for value in scores[0])
