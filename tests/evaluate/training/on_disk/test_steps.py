"""Steps on a whole graph on disk: each node in turn, and the training in memory if none is sampled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from condense.errors import UserError
from evaluate.training.model_spec import parse_model
from evaluate.training.on_disk.settings import Sampling
from evaluate.training.on_disk.steps import sampled_steps
from evaluate.training.on_disk.task import StoredTask, reach_of
from evaluate.training.on_disk.whole import WholeOnDisk
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from evaluate.training.tune import Candidate, fit
from models.registry import MODELS
from tests.support.on_disk import films, stored_task


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("steps")


def steps_of(task: StoredTask, name: str, sampling: Sampling, seed: int = 0) -> Any:
    entry = MODELS[name]
    settings = entry.choose_settings()
    model = entry.build(task.schema, settings)
    reach = reach_of(entry, task.schema, settings)
    return sampled_steps(task.whole, model, reach, 64, sampling, seed)


@pytest.mark.parametrize("name", ["mlp", "hgt"])
def test_each_training_node_has_its_turn(folder: Path, name: str) -> None:
    graph = films()
    # So that a node's label tells which it is.
    train, graph.num_classes = graph["movie"].train_mask, 30
    graph["movie"].y = torch.where(train, train.cumsum(0) - 1, 0)
    task = stored_task(graph, folder / name)
    nodes = torch.arange(30)
    steps = steps_of(task, name, Sampling(batch_size=8, steps_per_epoch=3))
    epochs = [list(next(steps)) for _ in range(8)]
    assert [len(labels) for _, labels, _ in epochs[0] + epochs[1]] == [8, 8, 8, 6, 8, 8]
    seen = torch.cat([labels for epoch in epochs for _, labels, _ in epoch])
    first, second = seen[:30], seen[30:60]
    assert torch.equal(first.sort().values, nodes)
    assert torch.equal(second.sort().values, nodes)
    assert not torch.equal(first, second)
    for epoch in epochs:
        for _, labels, weight in epoch:
            assert torch.allclose(weight, torch.full((len(labels),), 1 / len(labels)))
    again = steps_of(task, name, Sampling(batch_size=8, steps_per_epoch=3))
    assert torch.equal(seen[:24], torch.cat([labels for _, labels, _ in next(again)]))


def test_an_epoch_is_at_most_one_pass(folder: Path) -> None:
    task = stored_task(films(), folder)
    assert len(list(next(steps_of(task, "mlp", Sampling(batch_size=10))))) == 3
    assert len(list(next(steps_of(task, "sgc", Sampling())))) == 1


@pytest.mark.parametrize(
    "word",
    [
        "mlp:dropout=0,input_dropout=0",
        "sgc",
        "sehgnn:dropout=0,input_dropout=0",
        "hgt:dropout=0,input_dropout=0",
        "graphsage:dropout=0,input_dropout=0",
    ],
)
def test_without_sampling_a_training_ends_as_in_memory(folder: Path, word: str) -> None:
    graph = films()
    in_memory = EvaluationTask.of(graph)
    on_disk = stored_task(graph, folder, Sampling(batch_size=1000, fan_out=(1000,)))
    entry = parse_model(word)[1]
    choice = Candidate(entry.choose_settings(), TrainSettings(epochs=20, check_every=5))
    one = fit(entry, choice, in_memory, in_memory.training, 3)
    other = fit(entry, choice, on_disk, on_disk.training, 3)
    assert (one.epoch, one.val_micro_f1) == (other.epoch, pytest.approx(other.val_micro_f1))
    for key, value in one.model.state_dict().items():
        assert torch.allclose(value, other.model.state_dict()[key], atol=2e-4), key
    assert one.rising == other.rising


def test_propagating_counts_as_training_in_every_run(folder: Path) -> None:
    task = stored_task(films(), folder)
    entry = MODELS["sgc"]
    settings = entry.choose_settings()
    took = task.whole.paths(settings.hops).seconds
    choice = Candidate(settings, TrainSettings(epochs=1, check_every=1))
    for _ in range(2):
        assert fit(entry, choice, task, task.training, 0).train_seconds > took > 0


def test_a_step_that_does_not_fit_is_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = stored_task(films(), folder)
    monkeypatch.setattr(WholeOnDisk, "fits", lambda *_, **__: lambda n, e: e < 5)
    with pytest.raises(UserError, match=r"batch_size \(got 256\) is too large: with fan_out"):
        list(next(steps_of(task, "hgt", Sampling())))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"fan_out": ()}, r"fan_out \(got nothing\)"),
        ({"fan_out": (5, 0)}, r"fan_out \(got 0\) must be at least 1"),
        ({"steps_per_epoch": 0}, r"steps_per_epoch \(got 0\)"),
        ({"batch_size": -1}, r"batch_size \(got -1\)"),
        ({"test_nodes": 0}, r"test_nodes \(got 0\)"),
    ],
)
def test_settings_out_of_range(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Sampling(**values).check()


def test_the_last_fan_out_holds_for_further_edges() -> None:
    sampling = Sampling(fan_out=(10, 5))
    assert [sampling.reaching(n) for n in range(4)] == [(), (10,), (10, 5), (10, 5, 5)]
