"""Counts from ratios: never more than requested, and at least one node per class."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.data.inductive import training_part
from condense.errors import BudgetError, UserError
from tests.support.graphs import small_graph


def films(class_sizes, train_sizes, edges=(), others=10):
    """Films with these numbers of nodes and training nodes per class, and relations to persons."""
    graph = MultimodalGraph()
    y = torch.arange(len(class_sizes)).repeat_interleave(torch.tensor(class_sizes))
    graph["movie"].num_nodes, graph["movie"].y = len(y), y
    starts = torch.tensor([0, *class_sizes]).cumsum(0)
    train = torch.zeros(len(y), dtype=torch.bool)
    for start, count in zip(starts, train_sizes, strict=False):
        train[start : start + count] = True
    graph["movie"].train_mask = train
    graph["person"].num_nodes = others
    for number, count in enumerate(edges):
        # Distinct pairs; only their number matters, so there may be more than films.
        edge_index = torch.stack([torch.arange(count), torch.zeros(count, dtype=torch.long)])
        graph["movie", f"r{number}", "person"].edge_index = edge_index
    graph.target, graph.num_classes = "movie", len(class_sizes)
    return graph


def test_counts_by_hand():
    budget = plan(films([50, 30, 20], [10, 6, 4], edges=[37, 3], others=31), 0.1)
    assert budget.nodes == {"movie": 10, "person": 3}
    assert budget.classes == (5, 3, 2)
    assert list(budget.edges.values()) == [3, 0]
    assert (budget.ratio, budget.ratio_train, budget.edge_ratio) == (0.1, 0.5, 0.1)
    assert budget.notices == ("relation movie/r1/person keeps no edge (its share of 3 is below 1)",)


def test_classes_follow_the_training_nodes_by_largest_remainders():
    # Quotas 7 · (13, 6, 1)/20 = 4.55, 2.1, 0.35: floors 4, 2, 0; the seat goes to the first.
    budget = plan(films([40, 30, 30], [13, 6, 1]), 0.07)
    # One of the first class's five nodes goes to the class without any.
    assert budget.classes == (4, 2, 1)
    assert budget.notices == ("class 2 is raised to 1 node (its share is below one half)",)
    # Quotas 10 · (2, 3, 5)/10 exact; and 4 · (5, 5, 2)/12 = 1.67, 1.67, 0.67: seats to the first two.
    assert plan(films([30, 30, 40], [2, 3, 5]), 0.1).classes == (2, 3, 5)
    assert sorted(plan(films([30, 30, 40], [5, 5, 2]), 0.04).classes) == [1, 1, 2]


def test_ratio_of_training_nodes():
    graph = films([50, 30, 20], [10, 6, 4], edges=[100], others=10)
    budget = plan(graph, 0.5, "train")
    assert budget.classes == (5, 3, 2)
    assert (budget.ratio, budget.ratio_train, budget.ratio_base) == (0.1, 0.5, "train")
    # Edges and other types follow the share of all target nodes, not that of training nodes.
    assert list(budget.edges.values()) == [10]
    assert budget.nodes["person"] == 1
    assert plan(graph, 0.1).classes == budget.classes


def test_edge_ratio_overrides():
    graph = films([50, 30, 20], [10, 6, 4], edges=[100, 7])
    assert list(plan(graph, 0.1, edge_ratio=0.5).edges.values()) == [50, 3]
    assert list(plan(graph, 0.1, edge_ratio=1.0).edges.values()) == [100, 7]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 200)), min_size=2, max_size=6),
    st.lists(st.integers(0, 500), max_size=4),
    st.floats(0.001, 1.0),
    st.sampled_from(["all", "train"]),
    st.integers(1, 300),
)
def test_no_budget_is_exceeded_and_each_class_has_a_node(sizes, edges, ratio, base, others):
    train = [t for t, _ in sizes]
    graph = films([t + rest for t, rest in sizes], train, edges, others)
    total = graph["movie"].num_nodes if base == "all" else sum(train)
    wanted = max(1, round(ratio * total))
    if wanted < len(sizes):
        with pytest.raises(BudgetError):
            plan(graph, ratio, base)
        return
    budget = plan(graph, ratio, base)
    assert budget.nodes["movie"] == wanted == sum(budget.classes)
    assert min(budget.classes) >= 1
    for count, kept in zip(edges, budget.edges.values(), strict=True):
        assert kept <= budget.edge_ratio * count + 1e-9 < kept + 1
    assert 1 <= budget.nodes["person"] <= max(1, math.ceil(others * budget.ratio))
    # Without raised classes, each is within one node of its exact share.
    raised = sum("raised" in notice for notice in budget.notices)
    for share, got in zip(train, budget.classes, strict=True):
        exact = share * wanted / sum(train)
        assert got > exact - 1 - raised
        assert got < exact + 1 + (got == 1)


@pytest.mark.parametrize("ratio", [0.0, -0.1, 1.01, float("nan")])
def test_ratio_out_of_range(ratio):
    with pytest.raises(BudgetError, match=r"ratio \(got .*must lie in \(0, 1\]; try --ratio 0.02"):
        plan(small_graph(), ratio)
    if ratio != 0:
        with pytest.raises(BudgetError, match=r"edge_ratio \(got .*; try --edge-ratio 0.02"):
            plan(small_graph(), 0.3, edge_ratio=ratio)


def test_no_edges_may_be_requested():
    budget = plan(small_graph(), 0.3, edge_ratio=0)
    assert set(budget.edges.values()) == {0}
    assert not budget.notices


@pytest.mark.parametrize("base", ["all", "train"])
def test_fewer_nodes_than_classes_suggests_a_ratio_that_suffices(base):
    graph = films([500, 300, 200, 7, 11], [50, 30, 20, 7, 11])
    with pytest.raises(BudgetError) as raised:
        plan(graph, 0.002, base)
    message = str(raised.value)
    assert "fewer than the 5 classes" in message
    assert "movie nodes" in message
    suggested = float(message.rsplit("--ratio ", 1)[1])
    assert min(plan(graph, suggested, base).classes) == 1
    assert suggested < 0.06


def test_whole_graph_as_its_own_budget():
    graph = small_graph()
    budget = plan(graph, 1.0)
    assert budget.nodes == {t: graph[t].num_nodes for t in graph.node_types}
    assert budget.edges == {r: graph[r].edge_index.size(1) for r in graph.edge_types}


def test_the_inductive_setting_counts_visible_nodes():
    graph = small_graph(num_target=80)
    trained = int(graph["movie"].train_mask.sum())
    budget = plan(graph, 0.5, setting="inductive")
    assert (budget.ratio_base, budget.setting) == ("train", "inductive")
    assert budget.nodes["movie"] == round(0.5 * trained)
    assert budget.ratio == budget.nodes["movie"] / 80
    assert budget.edge_ratio == 0.5
    seen = training_part(graph, "inductive").graph
    for relation, kept in budget.edges.items():
        assert kept == seen[relation].edge_index.size(1) // 2
        assert kept < graph[relation].edge_index.size(1) // 4
    assert budget.nodes["actor"] == round(seen["actor"].num_nodes * budget.ratio_train)
    # The same budget as a ratio of all nodes; the share of edges still refers to the visible ones.
    assert plan(graph, budget.ratio, "all", setting="inductive").classes == budget.classes
    whole = plan(graph, 1.0, setting="inductive")
    assert whole.nodes == {t: seen[t].num_nodes for t in seen.node_types}


def test_more_nodes_than_the_inductive_setting_sees():
    graph = small_graph(num_target=80)
    message = r"ratio .got 0.5 of all nodes. gives 40 movie nodes, more than the \d+ training nodes"
    with pytest.raises(BudgetError, match=message):
        plan(graph, 0.5, "all", setting="inductive")
    with pytest.raises(UserError, match=r"setting .got 'inductif'.* did you mean 'inductive'"):
        plan(graph, 0.5, setting="inductif")  # pyright: ignore[reportArgumentType]


def test_parallel_edges_count_once_as_a_weight_does():
    plain, doubled, weighted = small_graph(), small_graph(), small_graph()
    for r in plain.edge_types:
        edges = plain[r].edge_index
        doubled[r].edge_index = edges.repeat(1, 2)
        weighted[r].edge_weight = torch.full((edges.size(1),), 2.0)
    budget = plan(plain, 0.3, edge_ratio=0.5).edges
    assert plan(doubled, 0.3, edge_ratio=0.5).edges == budget
    assert plan(weighted, 0.3, edge_ratio=0.5).edges == budget
