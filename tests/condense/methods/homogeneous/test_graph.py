"""A multimodal graph as a homogeneous one: features and operator against dense formulas, and the way back."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.data.features import FeatureScaler, complete
from condense.data.graph import MultimodalGraph, hide_test_labels
from condense.data.rules.check import check
from condense.errors import UserError
from condense.methods.homogeneous.assembly import condensed_graph, only_relation
from condense.methods.homogeneous.graph import HomogeneousGraph
from condense.methods.homogeneous.start import classes_of, random_training_nodes
from tests.support.graphs import film_graph, small_graph


def seen(graph: MultimodalGraph) -> MultimodalGraph:
    return complete(hide_test_labels(graph))


def test_operator_is_gcns_on_one_relation() -> None:
    graph = seen(film_graph())
    view = HomogeneousGraph.of(graph)
    source, destination = graph["movie", "resembles", "movie"].edge_index
    looped = torch.eye(len(view.y))
    looped[destination, source] += 1
    root = looped.sum(dim=1).rsqrt().diag()
    operator = root @ looped @ root
    torch.testing.assert_close(view.propagated(2), operator @ operator @ view.x)


def test_features_are_scaled_and_side_by_side() -> None:
    graph = seen(film_graph())
    view, scaled = HomogeneousGraph.of(graph), FeatureScaler.fit(graph).apply(graph)["movie"]
    assert torch.equal(view.x, torch.cat([scaled.x_text, scaled.x_image], dim=1))
    has = graph["movie"].has_image
    assert not view.x[~has, view.widths["text"] :].any()
    assert bool((view.y[graph["movie"].test_mask] == -1).all())


def test_another_graph_takes_the_units_of_the_first() -> None:
    first, second = seen(film_graph()), seen(film_graph(seed=3))
    view = HomogeneousGraph.of(first)
    scaled = view.scaler.apply(second)["movie"]
    assert torch.equal(view.on(second).x, torch.cat([scaled.x_text, scaled.x_image], dim=1))


@pytest.mark.parametrize("make", [film_graph, small_graph])
def test_rows_come_back_in_the_data_sets_units(make) -> None:
    graph = seen(make())
    view, budget = HomogeneousGraph.of(graph), plan(graph, 0.2)
    rows = random_training_nodes(view, budget, torch.Generator().manual_seed(0))
    y = classes_of(view, budget)
    assert torch.equal(view.y[rows], y)
    small = condensed_graph(graph, view, view.x[rows], y)
    check(small, "condensed")
    target = graph.target
    torch.testing.assert_close(small[target].x_text, graph[target].x_text[rows])
    has = graph[target].has_image[rows]
    torch.testing.assert_close(small[target].x_image[has], graph[target].x_image[rows][has])
    # A missing image comes back as the mean.
    mean = view.scaler.mean[target, "image"]
    torch.testing.assert_close(small[target].x_image[~has], mean.expand(int((~has).sum()), -1))
    assert {int(small[t].num_nodes) for t in small.node_types if t != target} <= {0}


def test_a_dense_adjacency_becomes_weighted_edges() -> None:
    graph = seen(film_graph())
    view, a = HomogeneousGraph.of(graph), torch.zeros(3, 3)
    a[0, 2] = a[2, 0] = 0.25
    small = condensed_graph(graph, view, view.x[:3], torch.arange(3), a)
    check(small, "condensed")
    store = small["movie", "resembles", "movie"]
    assert {tuple(e) for e in store.edge_index.T.tolist()} == {(0, 2), (2, 0)}
    assert store.edge_weight.tolist() == [0.25, 0.25]


def test_edges_need_one_relation() -> None:
    assert only_relation(film_graph()) == ("movie", "resembles", "movie")
    with pytest.raises(UserError, match=r"gcond makes edges of one relation.*has 2 relations"):
        only_relation(small_graph(), "gcond")


def test_a_class_with_few_training_nodes_is_drawn_from_again() -> None:
    graph = seen(film_graph())
    store = graph["movie"]
    first = (store.train_mask & (store.y == 0)).nonzero().flatten()
    store.train_mask[first[1:]] = False
    view, budget = HomogeneousGraph.of(graph), plan(graph, 0.9)
    rows = random_training_nodes(view, budget, torch.Generator().manual_seed(0))
    assert budget.classes[0] > 1
    assert rows[: budget.classes[0]].unique().tolist() == [int(first[0])]
