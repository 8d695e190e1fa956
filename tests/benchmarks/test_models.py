"""The benchmark of models runs, on a graph too small for its numbers to mean anything."""

from __future__ import annotations

import pytest

from benchmarks.models import Cost, line, measure
from evaluate.training.task import EvaluationTask
from models.registry import MODELS
from tests.support.graphs import small_graph


@pytest.fixture(scope="module")
def task() -> EvaluationTask:
    return EvaluationTask.of(small_graph())


@pytest.mark.parametrize("name", MODELS)
def test_training_and_inference_cost_something(name: str, task: EvaluationTask) -> None:
    training, inference = (measure(name, task, epochs) for epochs in (1, 0))
    assert training.parameters == inference.parameters > 0
    for cost in (training, inference):
        assert cost.seconds > 0
        assert cost.peak_mib > 50  # Python and torch alone take more.


def test_a_failed_process_is_shown() -> None:
    assert (
        line("hgt", Cost(1.5, 2000, 12_345), None) == "| hgt | 12,345 | 1.5 | 2,000 | failed | – |"
    )
