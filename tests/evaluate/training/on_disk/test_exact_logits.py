"""Logits of nodes of a graph on disk: those of the same model on the same graph in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from condense.errors import UserError
from condense.out_of_core.room import Room
from evaluate.training.model_spec import parse_model
from evaluate.training.on_disk import whole as module
from evaluate.training.on_disk.task import StoredTask, reach_of
from evaluate.training.on_disk.whole import exact_logits
from evaluate.training.task import EvaluationTask
from models.reach import REACH
from models.registry import MODELS
from models.seeding import seeded
from tests.support.on_disk import chain, films, products, stored_task

WORDS = (
    "mlp", "sgc", "sgc:hops=1,steps=2", "gcn", "gcn:paths=learned", "graphsage:normalise=true", "gat",
    "gat:neighbours=1", "appnp:steps=3", "chebnet:order=2", "hgt", "hgt_late", "sehgnn", "sehgnn_late:hops=1",
    "mhgat:layers=2", "mhgat:layers=2,aggregation=max", "mmgcn:layers=2", "hgnn_ima:layers=2",
)  # fmt: skip

READ_PATHS = ("mlp", "sgc", "sehgnn", "sehgnn_late:hops=1")


def test_all_models_that_can_be_scored_are_tested() -> None:
    assert {word.partition(":")[0] for word in WORDS} == set(REACH)


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Room, "columns", lambda self, nodes: 3)
        patch.setattr(Room, "rows", lambda self, width: 17)
        patch.setattr(Room, "edges", property(lambda self: 29))
        patch.setattr(module, "FIRST", 20)
        yield


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., tuple[EvaluationTask, StoredTask]]:
    """The same graph in memory and on disk."""

    @functools.cache
    def of(make: Any) -> tuple[EvaluationTask, StoredTask]:
        graph = make()
        return EvaluationTask.of(graph), stored_task(graph, tmp_path_factory.mktemp("task"))

    return of


def built(task: EvaluationTask, word: str) -> tuple[Any, Any, Any]:
    """A model with all parameters at random, also those that begin at zero; its entry and settings."""
    entry = parse_model(word)[1]
    settings = entry.choose_settings()
    with seeded(0):
        model = entry.build(task.schema, settings)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn_like(parameter)
    return entry, model, settings


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("make", [films, products, chain])
def test_they_are_those_in_memory(pair: Any, make: Any, word: str) -> None:
    in_memory, on_disk = pair(make)
    entry, model, settings = built(in_memory, word)
    assert on_disk.schema == in_memory.schema
    expected = in_memory.test_logits(entry, model, settings, 1)
    found = on_disk.test_logits(entry, model, settings, 1)
    assert torch.allclose(found, expected, atol=2e-4, rtol=1e-4)
    assert expected.std() > 0.01


@pytest.mark.parametrize("word", [w for w in WORDS if w not in READ_PATHS])
def test_a_shorter_reach_would_change_them(pair: Any, word: str) -> None:
    """In a long row of nodes, each of which matters."""
    in_memory, on_disk = pair(chain)
    entry, model, settings = built(in_memory, word)
    assert not model.by_rows
    reach = reach_of(entry, in_memory.schema, settings)
    expected = in_memory.test_logits(entry, model, settings, 1)
    found = exact_logits(on_disk.whole, model, on_disk.test_nodes, reach - 1, 8)
    assert not torch.allclose(found, expected, atol=2e-4, rtol=1e-4)


def test_parts_shrink_until_they_fit(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk = pair(chain)[1]
    nodes = on_disk.test_nodes
    monkeypatch.setattr(module.WholeOnDisk, "fits", lambda *_: lambda n, e: sum(n.values()) <= 12)
    sizes = [len(places) for _, places in on_disk.whole.parts(nodes, 1, 64)]
    assert sum(sizes) == len(nodes)
    assert 1 < max(sizes) < 20
    monkeypatch.setattr(module.WholeOnDisk, "fits", lambda *_: lambda n, e: False)
    with pytest.raises(UserError, match=r"memory \(got 2\.0 GiB\) does not hold what a node"):
        next(on_disk.whole.parts(nodes, 1, 64))


def test_models_that_read_all_nodes_are_refused(pair: Any) -> None:
    on_disk = pair(chain)[1]
    for name in set(MODELS) - set(REACH):
        entry = MODELS[name]
        with pytest.raises(UserError, match=rf"models \(got {name}\) reads all nodes"):
            reach_of(entry, on_disk.schema, entry.choose_settings())
