"""Graphs of which less is read than they hold get a sentence, in Python and in the three commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import cli
from condense.data.advice import advice
from condense.data.graph import MultimodalGraph
from condense.io import save
from tests.support.graphs import small_graph


def away(graph: MultimodalGraph) -> None:
    """Only the relations that leave the target."""
    for relation in list(graph.edge_types):
        if relation[2] == "movie":
            del graph[relation]


def aside(graph: MultimodalGraph) -> None:
    graph["city"].num_nodes = 2
    graph["director", "lives", "city"].edge_index = torch.tensor([[0, 3], [0, 1]])


def bare(name: str) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        graph["actor"][name] = torch.ones(20, 3)

    return change


def edge(name: str) -> Callable[[MultimodalGraph], None]:
    def change(graph: MultimodalGraph) -> None:
        store = graph["movie", "features", "actor"]
        store[name] = torch.ones(store.edge_index.size(1))

    return change


def drowned(graph: MultimodalGraph) -> None:
    graph["movie"].x_text[:, 2] *= 1e19


def constant(graph: MultimodalGraph) -> None:
    graph["director"].x_text = torch.full((10, 3), 0.1)


FINDINGS = [
    (away, "no edge leads to the target type 'movie'"),
    (aside, "nothing reads them: director / lives / city"),
    (bare("x"), "graph['actor'].x is not read as features, and the type counts as one without"),
    (bare("feat"), "graph['actor'].feat is not read as features"),
    (bare("embedding"), "graph['actor'].embedding is not read as features"),
    (edge("edge_attr"), "edge_attr is read by nothing; if it is a weight, call it edge_weight"),
    (edge("weight"), "'actor')].weight is read by nothing"),
    (drowned, "column 2 of graph['movie'].x_text has 100.00% of its variance"),
    (constant, "graph['director'].x_text is the same on all nodes"),
]


@pytest.mark.parametrize(("change", "said"), FINDINGS, ids=[said for _, said in FINDINGS])
def test_each_finding(change: Callable[[MultimodalGraph], None], said: str) -> None:
    graph = small_graph()
    change(graph)
    (message,) = advice(graph)
    assert said in message


@pytest.mark.parametrize("weighted", [False, True])
def test_no_advice_for_graphs_that_are_read_whole(weighted: bool) -> None:
    graph = small_graph(weighted=weighted)
    graph["movie"].year = torch.arange(40)  # A number that nobody takes for features.
    graph["movie"].has_image[:] = False  # A modality that nobody has is no constant.
    graph["movie", "unused", "city"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph["city"].num_nodes = 1
    assert advice(graph) == []


def test_inspect_condense_and_evaluate_say_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = small_graph()
    away(graph)
    save("mine.h5", graph)
    said = "no edge leads to the target type 'movie'"
    assert cli.main(["inspect", "mine.h5"]) == 0
    assert f"warning: {said}" in capsys.readouterr().out
    assert cli.main(["inspect", "mine.h5", "--json"]) == 0
    assert said in json.loads(capsys.readouterr().out)["warnings"][0]
    words = ["condense", "--dataset", "mine.h5", "--method", "random", "--ratio", "0.2"]
    assert cli.main([*words, "--out", "small.h5", "--json"]) == 0
    got = capsys.readouterr()
    assert f"warning: {said}" in got.err
    assert said in json.loads(got.out)["warnings"][0]
    words = ["--condensed", "small.h5", "--models", "mlp", "--seeds", "1", "--epochs", "2"]
    assert cli.main(["evaluate", *words]) == 0
    assert f"warning: {said}" in capsys.readouterr().err
