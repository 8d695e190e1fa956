"""Each remedy is carried out as its message says, and the graph then obeys the rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data, HeteroData

from condense.budget import plan
from condense.data.fingerprint import fingerprint
from condense.data.graph import MultimodalGraph
from condense.data.rules.check import check
from condense.errors import GraphError
from condense.foreign import ForeignFiles, import_graph
from condense.inspecting.describe import describe
from condense.io import load_graph, save
from condense.run import condense
from evaluate.training.task import EvaluationTask
from tests.support.graphs import small_condensed, small_graph

MOVIE, EDGES = "movie", ("movie", "features", "actor")
Y = small_graph()["movie"].y
MASK = small_graph()["movie"].train_mask
INDEX = small_graph()[EDGES].edge_index
ONES = torch.ones(INDEX.size(1))
NODES = torch.ones(40)

CALLS = re.compile(r"convert it with ((?:\.\w+\([^)]*\))+)")
COLUMN = re.compile(r"for example (?:y)?(\[:, 0\](?:\.\w+\(\))*)")
LABELS = re.compile(r"set y to (.+) and num_classes to (\d+)")


def advised(message: str, value: torch.Tensor) -> torch.Tensor:
    """What the steps in a message make of `value`."""
    if "a list of node numbers" in message:
        scope: dict[str, Any] = {"torch": torch, "numbers": value}
        (line,) = re.findall(r"(mask = .*; mask\[numbers\] = True)", message)
        exec(line, scope)
        return scope["mask"]
    found = CALLS.search(message) or COLUMN.search(message)
    assert found, message
    return eval(f"value{found[1]}", {"value": value})


TENSORS = [
    (MOVIE, "y", Y[:, None]),
    (MOVIE, "y", Y[:, None].double()),
    (MOVIE, "y", Y.int()),
    (MOVIE, "y", torch.where(torch.arange(40) == 35, torch.nan, Y.float())),
    (MOVIE, "y", torch.nn.functional.one_hot(Y)),
    (MOVIE, "y", torch.nn.functional.one_hot(Y).bool()),
    (MOVIE, "train_mask", MASK[:, None]),
    (MOVIE, "train_mask", MASK[:, None].repeat(1, 10)),
    (MOVIE, "train_mask", MASK[:, None].repeat(1, 10).int()),
    (MOVIE, "train_mask", MASK.float()),
    (MOVIE, "train_mask", MASK.nonzero().flatten()),
    (MOVIE, "train_mask", MASK.nonzero().flatten().int()),
    (MOVIE, "has_image", small_graph()["movie"].has_image.byte()),
    (MOVIE, "x_extra", NODES),
    (MOVIE, "x_extra", NODES.long()),
    (MOVIE, "x_extra", torch.ones(40, 2, 3)),
    (MOVIE, "x_extra", torch.ones(40, 2).bool()),
    (MOVIE, "node_weight", NODES[:, None]),
    (MOVIE, "node_weight", NODES[:, None].long()),
    (MOVIE, "origin", torch.zeros(40, 1)),
    (EDGES, "edge_weight", ONES[:, None]),
    (EDGES, "edge_weight", ONES[:, None].repeat(1, 3)),
    (EDGES, "edge_weight", ONES.long()),
    (EDGES, "edge_index", INDEX.int()),
    (EDGES, "edge_index", INDEX.t()),
    (EDGES, "edge_index", INDEX.t().int()),
]


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        pytest.param(*each, id=f"{each[1]} {each[2].dtype} {list(each[2].shape)}")
        for each in TENSORS
    ],
)
def test_the_remedy_works(key: Any, name: str, value: torch.Tensor) -> None:
    graph = small_graph()
    graph[key][name] = value
    with pytest.raises(GraphError) as raised:
        check(graph)
    graph[key][name] = advised(str(raised.value), value)
    check(graph)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([1, 2, 3], 4),  # As matlab numbers classes.
        ([1, 2, 3], 3),
        ([0, 5, 9], 10),
        ([0, 5, 9], 3),
        ([2, 3, 4], 5),
        ([0, 1, 2], 7),
    ],
)
@pytest.mark.parametrize("unlabelled", [False, True])
def test_labels_that_leave_out_a_number(values: list[int], classes: int, unlabelled: bool) -> None:
    graph = small_graph()
    store = graph["movie"]
    store.y = torch.tensor(values)[Y]
    if unlabelled:
        store.y[35] = -1
    expected = torch.where(store.y < 0, -1, Y)
    graph.num_classes = classes
    with pytest.raises(GraphError) as raised:
        check(graph)
    found = LABELS.search(str(raised.value))
    if found:
        store.y = eval(found[1], {"torch": torch, "y": store.y})
        graph.num_classes = int(found[2])
    else:
        (count,) = re.findall(r"set num_classes to (\d+)", str(raised.value))
        graph.num_classes = int(count)
    check(graph)
    assert torch.equal(store.y, expected)


def test_a_class_without_training_nodes_that_others_have() -> None:
    graph = small_graph()
    graph["movie"].train_mask &= Y != 1
    with pytest.raises(GraphError, match="move a node of the class to train_mask"):
        check(graph)


def test_more_classes_than_memory_are_a_sentence() -> None:
    graph = small_graph()
    graph.num_classes = 10**15
    with pytest.raises(GraphError, match=r"num_classes .* must be at most 1,000,000"):
        check(graph)
    graph.num_classes = 10**6
    with pytest.raises(GraphError, match=r"class 3 .* its labels are 0 … 2: set num_classes to 3"):
        check(graph)


@pytest.mark.parametrize("y", [torch.ones(40, 3), torch.zeros(40, 3).long(), torch.rand(40, 2)])
def test_several_labels_a_node(y: torch.Tensor) -> None:
    graph = small_graph()
    graph["movie"].y = y
    with pytest.raises(GraphError, match=r"multi-label classification\) are not supported"):
        check(graph)


def test_targets_of_a_regression() -> None:
    graph = small_graph()
    graph["movie"].y = torch.rand(40)
    with pytest.raises(GraphError, match=r"regression\) are not supported"):
        check(graph)


def test_counts_of_numpy(tmp_path) -> None:
    graph = small_graph()
    graph.num_classes = np.int64(3)
    for node_type in graph.node_types:
        graph[node_type].num_nodes = np.int64(graph[node_type].num_nodes)
    save(tmp_path / "x.h5", graph)
    loaded = load_graph(tmp_path / "x.h5")
    assert fingerprint(loaded) == fingerprint(graph) == fingerprint(small_graph())
    assert condense(graph, plan(graph, 0.2), "random").graph.num_classes == 3
    for wrong in (True, np.True_, 3.0):
        graph.num_classes = wrong
        with pytest.raises(GraphError, match="must be an integer of at least 2"):
            check(graph)


@pytest.mark.parametrize("method", ["random", "herding", "kcenter", "kmeans", "coarsening", "srgm"])
def test_features_that_are_parameters(method: str) -> None:
    graph, plain = small_graph(num_target=80), small_graph(num_target=80)
    graph["movie"].x_text = torch.nn.Parameter(graph["movie"].x_text)
    graph["director"].x_text.requires_grad_()
    settings = {"epochs": 1, "outer": 1} if method == "srgm" else {}
    made = condense(graph, plan(graph, 0.2), method, settings)
    assert fingerprint(made.graph) == fingerprint(
        condense(plain, plan(plain, 0.2), method, settings).graph
    )
    assert graph["movie"].x_text.requires_grad  # The argument is not changed.
    assert not EvaluationTask.of(graph).whole["movie"].x_text.requires_grad


def test_two_widths_of_one_modality_around_a_type_without_features(tmp_path) -> None:
    graph = small_graph()
    graph["director"].x_text = torch.ones(10, 3)
    check(graph)  # Actors only hear of films.
    graph["director", "leads", "actor"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    with pytest.raises(GraphError, match=r"\['director'\].x_text \(got width 3\).*rename one"):
        save(tmp_path / "x.h5", graph)
    graph["studio"].num_nodes = 1  # Two steps away: from actors, who hear of films.
    del graph["director", "leads", "actor"]
    graph["actor", "in", "studio"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    check(graph)
    graph["director", "in", "studio"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph["actor"].x_text = torch.ones(20, 6)
    with pytest.raises(GraphError, match="at type 'studio'"):
        check(graph)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "save": lambda g: save("x.h5", g),
    "check": check,
    "plan": lambda g: plan(g, 0.1),
    "condense": lambda g: condense(g, plan(small_graph(), 0.2), "random"),
    "fingerprint": fingerprint,
    "evaluate": EvaluationTask.of,
    "inspect": describe,
    "import": lambda g: import_graph(g, ForeignFiles("x", "y")),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_plain_graph_of_pyg_is_told_what_to_call(function, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for data in (Data(x=torch.ones(3, 2), y=torch.zeros(3).long()), HeteroData(), None):
        with pytest.raises(GraphError, match=r"condense\.data\.from_pyg\(data\)|set graph.target"):
            function(data)
    if function not in (FUNCTIONS["save"], FUNCTIONS["inspect"]):
        with pytest.raises(GraphError, match=r"got CondensedGraph.* give its \.graph"):
            function(small_condensed())
    with pytest.raises(GraphError, match=r"load_graph\(path\)"):
        function("x.h5")


def test_a_plain_heterodata_with_all_attributes_is_fine() -> None:
    graph = small_graph()
    check(HeteroData.from_dict(graph.to_dict()))
    assert isinstance(graph, MultimodalGraph)
