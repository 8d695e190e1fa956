"""A node type may have the name of one of the graph's own attributes."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch_geometric.data import HeteroData

from condense.budget import plan
from condense.clustering.assembly import empty_like
from condense.data import from_pyg
from condense.data.fingerprint import fingerprint
from condense.data.graph import GRAPH_ATTRIBUTES, MultimodalGraph, hide_test_labels
from condense.data.inductive import training_part
from condense.data.rules.check import SETTINGS, check
from condense.errors import GraphError
from condense.inspecting.describe import describe
from condense.run import condense
from tests.support.graphs import small_graph
from tests.support.names import names_of, renamed

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "clone": lambda graph: graph.clone(),
    "to": lambda graph: graph.to("cpu"),
    "pickle": lambda graph: pickle.loads(pickle.dumps(graph)),
    "hidden": hide_test_labels,
    "part": lambda graph: training_part(graph, "inductive").graph,
}


def collided(target: str, other: str) -> MultimodalGraph:
    graph = small_graph()
    names = {name: name for group in names_of(graph) for name in group}
    return renamed(graph, names | {"movie": target, "actor": other, "director": "source"})


def test_the_check_knows_the_same_attributes():
    assert tuple(SETTINGS) == GRAPH_ATTRIBUTES


@pytest.mark.parametrize("how", COPIES)
def test_both_are_kept(how):
    graph = COPIES[how](collided("target", "num_classes"))
    assert graph.node_types == ["target", "source", "num_classes"]
    assert (graph.target, graph.num_classes) == ("target", 3)
    assert (graph.name, graph.source) == ("small", "simulated")
    assert graph["target"].y.ndim == 1
    assert graph["num_classes"].num_nodes <= 20
    assert graph.validate()
    if how != "part":  # which has training nodes alone
        check(graph)


@pytest.mark.parametrize("first", ["attribute", "type"])
@pytest.mark.parametrize("key", GRAPH_ATTRIBUTES)
def test_in_either_order(key, first):
    graph = MultimodalGraph()
    if first == "attribute":
        setattr(graph, key, "a")
    graph[key].num_nodes = 3
    graph[key, "r", key].edge_index = torch.zeros(2, 0, dtype=torch.long)
    setattr(graph, key, "b")
    assert (getattr(graph, key), graph[key].num_nodes) == ("b", 3)
    assert (graph.node_types, graph.edge_types) == ([key], [(key, "r", key)])


def test_an_assignment_with_brackets_names_the_other_way():
    graph = small_graph()
    with pytest.raises(GraphError, match=r"set the graph's own attribute with graph\.target = …"):
        graph["target"] = "movie"


def test_an_empty_graph_like_another_takes_its_attributes_alone():
    graph = collided("name", "target")
    empty = empty_like(graph)
    assert [getattr(empty, key) for key in GRAPH_ATTRIBUTES] == ["name", 3, "small", "simulated"]
    assert empty.node_types == []
    assert graph.node_types == ["name", "source", "target"]


def test_names_are_part_of_the_content():
    assert fingerprint(collided("target", "a")) != fingerprint(collided("name", "a"))


def test_double_underscores_raise_no_warning(recwarn):
    graph = MultimodalGraph()
    graph["a__b"].num_nodes = 1
    graph["a__b", "c__d", "a__b"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    assert not recwarn


BORDERS = {
    "check": check,
    "fingerprint": fingerprint,
    "describe": describe,
    "plan": lambda graph: plan(graph, 0.3),
    "condense": lambda graph: condense(graph, plan(small_graph(), 0.3), "random"),
}


@pytest.mark.parametrize("border", BORDERS)
def test_a_type_that_a_plain_heterodata_hides_is_refused_and_can_be_converted(border):
    graph = collided("target", "num_classes")
    plain = HeteroData.from_dict(graph.to_dict())
    assert plain["target"] == "target"  # As PyG has it.
    with pytest.raises(
        GraphError,
        match=r"graph\['target'\] \(got str\) must be the node type .* hides .*; convert it with .*from_pyg",
    ):
        BORDERS[border](plain)
    assert fingerprint(from_pyg(plain)) == fingerprint(graph)


def test_so_is_one_that_only_its_relations_name():
    graph = HeteroData.from_dict(small_graph().to_dict())
    graph["name", "likes", "movie"].edge_index = torch.zeros(2, 1, dtype=torch.long)
    with pytest.raises(GraphError, match=r"graph\['name'\] .*\.from_pyg\("):
        check(graph)  # type: ignore[arg-type]
    assert from_pyg(graph)["name"].num_nodes == 1


@pytest.mark.parametrize("key", [0, None, 1.5, b"a"])
def test_a_type_has_text_for_a_name(key):
    with pytest.raises(GraphError, match="must be a node type's name, which is text"):
        MultimodalGraph()[key]
