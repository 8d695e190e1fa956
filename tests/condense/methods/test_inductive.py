"""In the inductive setting no method reads test nodes; validation nodes only select the best graph."""

from __future__ import annotations

import copy

import pytest
import torch

from condense.budget import Budget, plan
from condense.data.condensed import CondensedGraph
from condense.data.graph import MultimodalGraph
from condense.data.relations import primary, reverses
from condense.data.rules.check import check
from condense.methods.registry import METHODS
from condense.run import condense
from models.schema import GraphSchema
from tests.condense.methods.test_methods import (
    SELECTORS,
    VARIANTS,
    graph_for,
    nodes_of,
    nodes_planned,
    same,
)


def whole_graph(method: str) -> MultimodalGraph:
    return graph_for(method, num_target=80, weighted=True)


def budget_of(graph: MultimodalGraph) -> Budget:
    return plan(graph, 0.4, edge_ratio=0.5, setting="inductive")


def run(graph: MultimodalGraph, method: str, settings: dict) -> CondensedGraph:
    return condense(graph, budget_of(graph), method, settings, device="cpu")


def features_permuted(graph: MultimodalGraph, split: str) -> MultimodalGraph:
    """The graph with the features of a split's nodes in another order."""
    changed = copy.copy(graph)
    rows = graph["movie"][split].nonzero().flatten()
    for key in ("x_text", "x_image", "has_image"):
        value = graph["movie"][key].clone()
        value[rows] = value[rows.flip(0)]
        changed["movie"][key] = value
    return changed


def edges_permuted(graph: MultimodalGraph, split: str) -> MultimodalGraph:
    """The graph with other neighbours for a split's nodes, in both directions of each relation."""
    changed = copy.copy(graph)
    mirror = reverses(graph)
    for relation in primary(graph, mirror):
        edges = graph[relation].edge_index.clone()
        of_split = graph["movie"][split][edges[0]]
        edges[1, of_split] = edges[1, of_split].flip(0)
        assert not torch.equal(edges, graph[relation].edge_index)
        changed[relation].edge_index = edges
        if mirror[relation] != relation:
            changed[mirror[relation]].edge_index = edges.flip(0)
    return changed


def test_every_method_is_tested() -> None:
    assert {name for name, _ in VARIANTS} == set(METHODS)


@pytest.mark.parametrize(("method", "settings"), VARIANTS)
def test_test_nodes_change_nothing(method: str, settings: dict) -> None:
    graph = whole_graph(method)
    condensed = run(graph, method, settings)
    for permute in (edges_permuted, features_permuted):
        assert same(condensed.graph, run(permute(graph, "test_mask"), method, settings).graph)
    assert condensed.provenance.setting == "inductive"


@pytest.mark.parametrize("method", ["srgm", "coarsening", "kmeans"])
def test_in_the_transductive_setting_test_nodes_are_read(method: str) -> None:
    """Shows that the test above can fail."""
    graph = whole_graph(method)
    first, second = (
        condense(g, plan(g, 0.2), method, device="cpu").graph
        for g in (graph, features_permuted(graph, "test_mask"))
    )
    assert not same(first, second)


@pytest.mark.parametrize(
    ("method", "settings"),
    # Methods that choose the best graph on validation nodes save their start.
    [(m, {k: 0 if k in ("epochs", "steps") else v for k, v in s.items()}) for m, s in VARIANTS],
)
def test_validation_nodes_are_in_no_cluster(method: str, settings: dict) -> None:
    graph = whole_graph(method)
    condensed = run(graph, method, settings)
    for permute in (edges_permuted, features_permuted):
        assert same(condensed.graph, run(permute(graph, "val_mask"), method, settings).graph)


def test_validation_nodes_are_scored() -> None:
    graph, settings = whole_graph("srgm"), {"epochs": 1, "outer": 2}
    scores = {
        run(g, "srgm", settings).provenance.measures["start_val_score"]
        for g in (graph, features_permuted(graph, "val_mask"))
    }
    assert len(scores) == 2


@pytest.mark.parametrize(("method", "settings"), VARIANTS)
def test_budget_and_schema_are_kept(method: str, settings: dict) -> None:
    graph = whole_graph(method)
    budget, small = budget_of(graph), run(graph, method, settings).graph
    check(small, "condensed")
    assert nodes_of(small) == nodes_planned(budget, small, method)
    for relation, most in budget.edges.items():
        assert small[relation].edge_index.size(1) <= most
    whole, condensed = GraphSchema.of(graph), GraphSchema.of(small)
    assert (condensed.relations, condensed.node_types) == (whole.relations, whole.node_types)
    if "node_weight" in small["movie"]:
        members = int(small["movie"].node_weight.sum())
        assert members == int(graph["movie"].train_mask.sum())


@pytest.mark.parametrize("method", SELECTORS)
def test_origins_are_training_nodes_of_the_whole_graph(method: str) -> None:
    graph = whole_graph(method)
    small = run(graph, method, {}).graph
    origin = small["movie"].origin
    assert bool(graph["movie"].train_mask[origin].all())
    assert torch.equal(small["movie"].x_text, graph["movie"].x_text[origin])
    director = small["director"].origin
    assert torch.equal(small["director"].x_text, graph["director"].x_text[director])
