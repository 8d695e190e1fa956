"""A run on another device makes every tensor there, and ends in what a run on the CPU ends in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from condense.budget import plan
from condense.data.condensed import CondensedGraph
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.inductive import Setting
from condense.methods.registry import METHODS
from condense.run import condense
from condense.running.checkpoints import Checkpoints
from evaluate.grid.evaluate import evaluate
from evaluate.grid.protocol import Protocol, TrainingGraph
from evaluate.results.rows import WHOLE
from evaluate.training.task import EvaluationTask
from evaluate.training.train import TrainSettings
from models.registry import MODELS
from tests.condense.methods.test_methods import graph_for
from tests.support.brief import BRIEF
from tests.support.elsewhere import DeviceMismatch, Elsewhere, elsewhere
from tests.support.graphs import small_graph

SHORT = {"epochs": 2, "outer": 2, "inner": 1, "check_every": 2}
RUNS: list[tuple[str, dict[str, Any]]] = [
    ("srgm", SHORT),
    (
        "srgm",
        {**SHORT, "decouple": "field", "damping": 0.1, "relay": "two-layer", "teacher": "network"},
    ),
    (
        "srgm",
        {
            **SHORT,
            "decouple": "parameters",
            "damping": 0.1,
            "energy": "authors",
            "labels": "labelled",
        },
    ),
    ("random", {}),
    ("herding", {}),
    ("kcenter", {}),
    ("kmeans", {}),
    ("coarsening", {}),
    ("mixture", {"spread": "auto"}),
    ("gcdm", {"epochs": 4, "inner": 1, "edge_epochs": 1, "feature_epochs": 1}),
    ("gcdmx", {"epochs": 2, "distance": "means"}),
    ("gcsntk", {"epochs": 2}),
    ("sfgc", BRIEF["sfgc"]),
    ("geom", BRIEF["geom"]),
    ("freehgc", {}),
    ("hgcond", {"epochs": 2, "outer": 2, "start_epochs": 5, "check_every": 2}),
    ("gcond", {"epochs": 2, "outer": 2, "inner": 1, "period": 2, "edge_epochs": 1, "batch": 2}),
    ("gcondx", {"epochs": 1, "outer": 2, "inner": 1}),
    ("doscond", {"epochs": 2, "period": 2, "edge_epochs": 1}),
    (
        "msgc",
        {"epochs": 2, "outer": 2, "inner": 1, "period": 2, "edge_epochs": 1, "start": "nodes"},
    ),
    ("bonsai", {"sample": 0.5, "surplus": 2.0}),
    ("sgdd", {**BRIEF["sgdd"], "sample": 9}),
    ("simgc", {"steps": 4, "edge_steps": 1, "feature_steps": 1, "teacher_steps": 5}),
]


def run(
    method: str,
    settings: dict[str, Any],
    device: torch.device | str,
    setting: Setting = "transductive",
    **kwargs: Any,
) -> CondensedGraph:
    graph = graph_for(method, weighted=True)
    budget = plan(graph, 0.3, edge_ratio=0.3, setting=setting)
    return condense(graph, budget, method, settings, device=str(device), **kwargs)


def devices(graph: MultimodalGraph) -> set[torch.device]:
    stores = [graph[name] for name in (*graph.node_types, *graph.edge_types)]
    return {x.device for store in stores for x in store.values() if isinstance(x, Tensor)}


def test_every_method_is_run():
    assert {method for method, _ in RUNS} == set(METHODS)


@pytest.mark.parametrize(("method", "settings"), RUNS)
def test_condensing(method: str, settings: dict[str, Any]):
    with elsewhere() as device:
        made = run(method, settings, device)
    assert made.provenance.device == str(device)
    assert devices(made.graph) == {torch.device("cpu")}
    assert fingerprint(made.graph) == fingerprint(run(method, settings, "cpu").graph)


def test_condensing_inductively():
    with elsewhere() as device:
        made = run("srgm", SHORT, device, "inductive")
    assert fingerprint(made.graph) == fingerprint(run("srgm", SHORT, "cpu", "inductive").graph)


def test_going_on_from_a_checkpoint(tmp_path: Path):
    class Killed(BaseException):
        pass

    def on_step(step: Any) -> None:
        if step.index == 4:
            raise Killed

    with elsewhere() as device:
        with pytest.raises(Killed):
            run("srgm", SHORT, device, on_step=on_step, checkpoints=Checkpoints(tmp_path, 0))
        made = run("srgm", SHORT, device, checkpoints=Checkpoints(tmp_path, resume=True))
    assert "resumed_from" in made.provenance.measures
    assert fingerprint(made.graph) == fingerprint(run("srgm", SHORT, "cpu").graph)


def scores(model: str, device: torch.device, setting: Setting) -> list[tuple[float, float, int]]:
    graph, made = small_graph(weighted=True), run("coarsening", {}, "cpu", setting)
    task = EvaluationTask.of(graph, device, setting)
    assert devices(task.whole) == devices(task.training) == devices(task.validation) == {device}
    training_graphs = [
        TrainingGraph(WHOLE, task.trained_whole()),
        TrainingGraph("coarsening", made.graph, made),
    ]
    protocol = Protocol([model], seeds=1, training=TrainSettings(epochs=2, check_every=1))
    rows = evaluate(task, training_graphs, protocol)
    return [(r.macro_f1, r.val_micro_f1, r.epoch) for r in rows]


@pytest.mark.parametrize("model", MODELS)
def test_evaluating(model: str):
    with elsewhere() as device:
        found = scores(model, device, "transductive")
    assert found == scores(model, torch.device("cpu"), "transductive")


def test_evaluating_inductively():
    with elsewhere() as device:
        found = scores("gcn", device, "inductive")
    assert found == scores("gcn", torch.device("cpu"), "inductive")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_on_a_gpu():
    for method, settings in RUNS:
        assert run(method, settings, "cuda").provenance.device.startswith("cuda")
    for model in MODELS:
        assert len(scores(model, torch.device("cuda", 0), "transductive")) == 2


SLIPS: list[Callable[[Tensor], Tensor]] = [
    lambda x: x + torch.ones(3),
    lambda x: torch.cat([x, torch.zeros(1)]),
    lambda x: torch.zeros(3)[x.long()],
    lambda x: x.index_add(0, torch.arange(3), x),
    lambda x: torch.eye(3) @ x,
    lambda x: torch.zeros(3).copy_(x).add_(x),
    lambda x: torch.randperm(3, generator=torch.Generator(x.device)),
    lambda x: torch.rand(3, generator=torch.Generator(), device=x.device),
]


@pytest.mark.parametrize("slip", SLIPS)
def test_what_a_gpu_refuses_is_refused(slip: Callable[[Tensor], Tensor]):
    with elsewhere() as device:
        x = torch.ones(3, device=device)
        with pytest.raises(DeviceMismatch):
            slip(x)


def test_what_a_gpu_takes_is_taken():
    with elsewhere() as device:
        x = torch.tensor([1.0, 2.0, 4.0], device=device, requires_grad=True)
        (torch.tensor(3.0) * x[[2, 0]] * x[torch.tensor([1, 1])]).sum().backward()
        assert isinstance(x.grad, Elsewhere)
        assert x.grad.tolist() == [6.0, 15.0, 6.0]
        assert torch.zeros(3).copy_(x.detach()).tolist() == x.cpu().tolist() == [1.0, 2.0, 4.0]
        assert x.sum().item() == 7.0
        with pytest.raises(RuntimeError, match="numpy"):
            x.detach().numpy()
