"""Tasks on disk: which nodes are scored, who sees test labels, and whether nodes are told apart in names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from condense.budget import plan
from condense.errors import UserError
from condense.io import save
from condense.io import test_labels as module
from condense.io.stored_graph import open_stored
from condense.run import condense
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.results.rows import Row
from evaluate.training.on_disk.settings import Sampling
from evaluate.training.on_disk.task import StoredTask, name_of, some_of
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from models.registry import MODELS
from tests.support.on_disk import films, stored_task


def rows_of(task: EvaluationTask | StoredTask, models: tuple[str, ...]) -> list[Row]:
    graph = films()
    small = condense(graph, plan(graph, 0.2), "kmeans", seed=0, device="cpu")
    graphs = [TrainingGraph("whole", task.training), TrainingGraph("kmeans", small.graph, small)]
    if isinstance(task, EvaluationTask):
        graphs[0] = TrainingGraph("whole", task.trained_whole())
    return evaluate(task, graphs, Protocol(models, 1, training=TrainSettings(20, 5)))


def test_rows_are_those_of_a_graph_in_memory(tmp_path: Path) -> None:
    """Trainings on condensed graphs are the same; those on the whole graph have the same facts."""
    models = ("mlp", "sgc", "hgt", "gcn", "sehgnn")
    expected = rows_of(EvaluationTask.of(films()), models)
    found = rows_of(stored_task(films(), tmp_path), models)
    for one, other in zip(expected, found, strict=True):
        for name in (
            "model",
            "method",
            "nodes",
            "edges",
            "bytes",
            "majority",
            "test_labels",
            "ratio",
        ):
            assert getattr(one, name) == getattr(other, name)
        assert other.settings.startswith(one.settings)
        if one.method == "whole":
            assert other.settings.endswith(
                "tested=60/60 validated=30/30 batch_size=auto steps_per_epoch=10 fan_out=10+5"
            )
            continue
        assert other.settings.endswith("tested=60/60 validated=30/30")
        for name in ("micro_f1", "macro_f1", "auc", "val_micro_f1", "epoch"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6), name


def test_samples_are_uniform_subsets_and_are_told(tmp_path: Path) -> None:
    graph = films()
    every, few = stored_task(graph, tmp_path), stored_task(graph, tmp_path, Sampling(25, 12))
    store = graph["movie"]
    assert torch.equal(every.test_nodes, store.test_mask.nonzero().flatten())
    assert len(few.test_nodes) == len(few.test_nodes.unique()) == 25
    assert store.test_mask[few.test_nodes].all()
    assert store.val_mask[few.val_nodes].all()
    assert torch.equal(few.test_labels(), store.y[few.test_nodes])
    assert "a random 25 of 60 test nodes" in few.title
    assert "a random 12 of 30 validation nodes" in few.title
    assert "all 60 test nodes" in every.title
    assert few.note(False) == "tested=25/60 validated=12/30"
    one, other = rows_of(every, ("mlp",)), rows_of(few, ("mlp",))
    assert {row.cell for row in one}.isdisjoint(row.cell for row in other)
    again = rows_of(stored_task(graph, tmp_path, Sampling(25, 12)), ("mlp",))
    assert [row.cell for row in again] == [row.cell for row in other]
    assert [row.micro_f1 for row in again] == [row.micro_f1 for row in other]


def test_every_node_of_a_mask_is_as_likely() -> None:
    mask = torch.arange(1000) % 2 == 0
    nodes = some_of(mask, 250)
    assert torch.equal(nodes, nodes.sort().values)
    assert mask[nodes].all()
    # Of 500 nodes 250: the mean number is 499 with a standard deviation of about 9.
    assert abs(float(nodes.double().mean()) - 499) < 40


def test_only_scores_depend_on_test_labels(tmp_path: Path) -> None:
    """Turned test labels: the same models are kept, with other scores."""
    turned = films()
    test = turned["movie"].test_mask
    turned["movie"].y[test] = (turned["movie"].y[test] + 1) % 3
    one = rows_of(stored_task(films(), tmp_path / "a"), ("sgc", "hgt"))
    other = rows_of(stored_task(turned, tmp_path / "b"), ("sgc", "hgt"))
    for a, b in zip(one, other, strict=True):
        assert (a.epoch, a.val_micro_f1) == (b.epoch, b.val_micro_f1)
        assert a.micro_f1 > b.micro_f1
        assert a.test_labels != b.test_labels


def test_a_task_holds_no_test_label_before_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "outline_of", lambda *_: pytest.fail("labels were read"))
    task = stored_task(films(), tmp_path)
    test = task.raw["movie"].test_mask
    assert (task.raw["movie"].y[test] == -1).all()
    assert (task.graph.y[test] == -1).all()
    with pytest.raises(pytest.fail.Exception, match="labels were read"):
        task.test_labels()


def test_labels_of_other_nodes_are_refused(tmp_path: Path) -> None:
    graph = films()
    save(tmp_path / "a.h5", graph)
    train = graph["movie"].train_mask.nonzero().flatten()
    with pytest.raises(UserError, match=r"got 30 outside test_mask"):
        module.stored_test_labels(tmp_path / "a.h5", train)
    graph["movie"].y[graph["movie"].test_mask] = -1
    save(tmp_path / "b.h5", graph)
    with pytest.raises(UserError, match=r"test_mask \(got 60 nodes without a label\)"):
        stored_task(graph, tmp_path).check_testable()


def test_an_earlier_run_s_parts_are_read_and_another_graph_s_refused(tmp_path: Path) -> None:
    first = stored_task(films(), tmp_path)
    first.whole.paths(1)
    kept = sorted(p.stat().st_mtime_ns for p in (tmp_path / "task.work").rglob("*.f32"))
    stored_task(films(), tmp_path).whole.paths(1)
    assert kept == sorted(p.stat().st_mtime_ns for p in (tmp_path / "task.work").rglob("*.f32"))
    with (
        open_stored(tmp_path / "task.h5") as stored,
        pytest.raises(UserError, match="a different graph"),
    ):
        StoredTask.of(stored, "another", Sampling(), 2 << 30, tmp_path / "task.work")


def test_models_are_found_by_their_entries() -> None:
    assert {name: name_of(entry) for name, entry in MODELS.items()} == {
        name: name for name in MODELS
    }
