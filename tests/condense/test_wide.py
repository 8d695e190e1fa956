"""Condensing wide sparse features: memory, bytes, and the graph that models see."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from condense.budget import plan
from condense.data.graph import num_bytes, num_target
from condense.inspecting.describe import describe, warnings
from condense.run import byte_budget, condense
from evaluate.training.task import EvaluationTask
from tests.support.graphs import small_graph
from tests.support.sparse import wide_graph


@pytest.mark.parametrize("setting", ["transductive", "inductive"])
def test_condensed_and_whole_meet_in_the_same_dimensions(setting: str) -> None:
    graph = wide_graph()
    small = condense(graph, plan(graph, 0.1, setting=setting), "kmeans")
    task = EvaluationTask.of(graph, setting=setting)
    admitted = task.admit(small.graph)
    assert admitted["doc"].x_text.size(1) == task.whole["doc"].x_text.size(1) <= 256
    task.reduction.check_record(small.provenance.measures["reductions"])
    assert num_bytes(small.graph) < num_bytes(graph)
    assert "4,000 sparse columns are read in" in "\n".join(describe(small))


def test_more_bytes_than_asked_for_are_a_warning_with_a_ratio_that_meets_them() -> None:
    graph = wide_graph()
    budget = plan(graph, 0.2)
    small = condense(graph, budget, "kmeans")
    asked = small.provenance.measures["byte_budget"]
    assert (
        asked
        == byte_budget(num_bytes(graph), num_target(graph), budget)
        == round(num_bytes(graph) * 80 / num_target(graph))
    )
    (warning,) = [w for w in warnings(small) if "bytes" in w]
    assert f"{num_bytes(small.graph):,}" in warning
    assert f"{asked:,}" in warning
    assert "--bits 16" in warning
    ratio = float(warning.split("--ratio ")[1].split()[0])
    assert num_bytes(condense(graph, plan(graph, ratio), "kmeans").graph) <= 1.1 * asked

    half = condense(graph, budget, "kmeans", bits=16)
    assert num_bytes(half.graph) < 0.55 * num_bytes(small.graph)
    assert not any("--bits 16" in w for w in warnings(half))


def test_a_spread_is_in_sixteen_bits_already() -> None:
    """So what halves its features is eight; few nodes never pay for a spread."""
    graph = small_graph(num_target=80)
    budget, spread = plan(graph, 0.1), {"spread": "on"}
    for bits, said in ((32, "--bits 8"), (16, "--bits 8"), (8, None)):
        (warning,) = [
            w
            for w in warnings(condense(graph, budget, "mixture", spread, bits=bits))
            if "bytes" in w
        ]
        assert ("--bits" in warning) == (said is not None)
        assert said is None or said in warning


def test_within_the_bytes_there_is_no_warning() -> None:
    graph = small_graph(num_target=80)
    small = condense(graph, plan(graph, 0.2, edge_ratio=0.1), "kmeans")
    assert not any("bytes" in w for w in warnings(small))


MEASURE = """
import json, resource, sys
sys.path.insert(0, ".")
from tests.support.sparse import wide_graph
from condense.budget import plan
from condense.data.graph import num_bytes
from condense.run import condense
small = wide_graph(200)
condense(small, plan(small, .1), "kmeans")  # imports everything
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, graph = peak(), wide_graph(2000, 50_000, 40)
condensed = condense(graph, plan(graph, .02), "kmeans", {"labels": "pseudo"})
print(json.dumps([peak() - before, num_bytes(graph), num_bytes(condensed.graph)]))
"""


@pytest.mark.slow
def test_50_000_columns_are_never_dense() -> None:
    """Dense they would be 400 MB."""
    found = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    memory, whole, condensed = json.loads(found.stdout)
    assert memory < 300e6
    assert condensed < whole / 10
