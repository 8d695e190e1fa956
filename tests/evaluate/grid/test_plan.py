"""The plan of a comparison: every training once, named, the same candidates for all."""

from __future__ import annotations

import dataclasses

import pytest

from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.run import condense
from evaluate.grid.cell import cell_name
from evaluate.grid.plan import TUNE_SEED, Grid, Names, plan_grid
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from tests.support.graphs import small_graph

SHORT = TrainSettings(epochs=4, check_every=2)


@pytest.fixture(scope="module")
def graph() -> MultimodalGraph:
    return small_graph(num_target=80)


@pytest.fixture(scope="module")
def training_graphs(graph: MultimodalGraph) -> list[TrainingGraph]:
    """The whole graph, three random ones of two sizes, one by k-means between them."""
    found = [TrainingGraph("whole", graph)]
    for method, ratio, seed in (
        ("random", 0.2, 0),
        ("kmeans", 0.2, 0),
        ("random", 0.2, 1),
        ("random", 0.1, 0),
    ):
        made = condense(graph, plan(graph, ratio), method, seed=seed, device="cpu")
        found.append(TrainingGraph(method, made.graph, made))
    return found


def planned(
    graph: MultimodalGraph, training_graphs: list[TrainingGraph], protocol: Protocol
) -> Grid:
    return plan_grid(Names.of(EvaluationTask.of(graph), training_graphs), training_graphs, protocol)


def test_every_model_meets_every_graph_with_every_seed(graph, training_graphs) -> None:
    grid = planned(graph, training_graphs, Protocol(("mlp", "sgc", "mlp"), seeds=2, training=SHORT))
    cells = [c for group in grid.groups for c in grid.trainings(group, group.choices[0])]
    found = [(c.model, c.training_graph, c.seed) for c in cells]
    expected = {(m, g, s) for m in ("mlp", "sgc") for g in range(5) for s in (0, 1)}
    assert set(found) == expected
    assert len(found) == len(expected) == len({c.name for c in cells}) == len(grid)
    assert all(cell.tests for cell in cells)
    # Graphs of one method and size belong together; another size is tuned by itself.
    assert [[g for g, _ in group.runs[::2]] for group in grid.groups[:4]] == [[0], [1, 3], [2], [4]]
    assert [group.first for group in grid.groups] == [0, 2, 6, 8, 10, 12, 16, 18]


def test_a_cell_is_named_by_what_decides_its_result(graph, training_graphs) -> None:
    task = EvaluationTask.of(graph)
    grid = planned(graph, training_graphs, Protocol(("mlp",), seeds=1, training=SHORT))
    cell = grid.trainings(grid.groups[1], grid.groups[1].choices[0])[0]
    names = Names.of(task, training_graphs)
    expected = cell_name(
        task.fingerprint, "transductive", "standard", names.graphs[1], "mlp", cell.choice, 0,
        task.test_digest,
    )  # fmt: skip
    assert cell.name == expected
    longer = planned(
        graph, training_graphs, Protocol(("mlp",), 1, training=TrainSettings(epochs=5))
    )
    other = longer.trainings(longer.groups[1], longer.groups[1].choices[0])[0]
    assert other.name != cell.name
    assert dataclasses.replace(names, scaling="none").cell(1, "mlp", cell.choice, 0) != cell


def test_whole_condensed_and_baselines_are_tuned_with_the_same_candidates(
    graph, training_graphs
) -> None:
    protocol = Protocol(("mlp", "sgc"), seeds=3, per_graph=1, tune=4, training=SHORT)
    grid = planned(graph, training_graphs, protocol)
    for model in ("mlp", "sgc"):
        groups = [group for group in grid.groups if group.model == model]
        assert len(groups) == 4
        for group in groups:
            assert [c.choice for c in group.tuning] == list(groups[0].choices)
            # On the method's first graph; more graphs do not buy more tuning.
            assert {(c.training_graph, c.seed, c.tests) for c in group.tuning} == {
                (group.runs[0][0], TUNE_SEED, False)
            }
    assert [group.runs for group in grid.groups[:4]] == [
        [(0, 0), (0, 1), (0, 2)],
        [(1, 0), (3, 1)],
        [(2, 0)],
        [(4, 0)],
    ]
    assert len(grid) == 2 * (4 * 4 + 3 + 2 + 1 + 1)


def test_one_candidate_is_no_choice(graph, training_graphs) -> None:
    grid = planned(graph, training_graphs, Protocol(("mlp",), seeds=1, training=SHORT))
    assert all(not group.tuning for group in grid.groups)
