"""The linear teacher sees of real nodes what it will see of drawn ones, and learns from training nodes."""

from __future__ import annotations

import torch

from condense.budget import plan
from condense.clustering.linear_teacher import logistic_regression, surroundings
from condense.clustering.neighbourhoods import Neighbourhoods
from condense.clustering.spread import common_units, measure_spread
from condense.data.features import FeatureScaler, complete
from condense.data.graph import hide_test_labels
from condense.data.rules.check import check
from condense.data.spread import draw
from condense.edges.partition import Partition
from condense.run import condense
from models.propagation.sparse import adjacency
from models.schema import GraphSchema
from tests.support.graphs import small_graph


def whole(num_target: int = 60):
    return complete(hide_test_labels(small_graph(num_target=num_target, weighted=True)))


def clusters(graph, count: int = 6):
    cluster = torch.arange(graph["movie"].num_nodes) % count
    size = torch.bincount(cluster, minlength=count)
    return Partition(graph, {"movie": cluster}, {"movie": size}), torch.arange(count) % 3


def measured(graph):
    partition, y = clusters(graph)
    return measure_spread(graph, partition, y, torch.Generator().manual_seed(0), teach=True)


def test_it_sees_features_places_and_what_is_missing() -> None:
    graph = whole()
    scaler = common_units(FeatureScaler.fit(graph), GraphSchema.of(graph))
    partition, y = clusters(graph)
    scaled = scaler.apply(graph)
    around = Neighbourhoods.of(scaled, partition, torch.Generator().manual_seed(0))
    spread = measure_spread(graph, partition, y, torch.Generator().manual_seed(0))
    mean, scale = scaler.flat(around.schema, {"movie", *spread.basis_of})
    spread = spread.scaled("movie", mean, scale)
    rows = torch.tensor([3, 17])
    seen = surroundings(spread, around, rows)
    movie = scaled["movie"]
    assert torch.allclose(seen[:, :6], movie.x_text[rows], atol=1e-5)
    places, b = len(spread.places), spread.coordinates
    missing = seen[:, 10 + places * b : 12 + places * b]
    assert missing[:, 1].tolist() == movie.has_image[rows].float().tolist()
    number = spread.places.index((("actor", "rev_features", "movie"),))
    a = adjacency(graph, spread.places[number][0]).to_dense()
    actors = torch.cat([scaled["actor"].x_text, scaled["actor"].x_image], dim=1)
    expected = (a / a.sum(dim=1, keepdim=True).clamp_min(1e-9)) @ actors
    basis = spread.bases[spread.basis_of["actor"]]
    expected = (expected[rows] - basis.mean) @ basis.rows.T
    assert torch.allclose(seen[:, 10 + number * b : 10 + (number + 1) * b], expected, atol=1e-4)
    assert bool((seen[:, -1] == 1).all())


def test_logistic_regression_separates() -> None:
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(300) % 3
    x = torch.nn.functional.one_hot(y, 3) + 0.1 * torch.randn(300, 3, generator=generator)
    weight = logistic_regression(x.float(), y, 3, generator)
    assert bool(((x.float() @ weight).argmax(dim=1) == y).all())


def test_training_nodes_alone_teach() -> None:
    graph, other = whole(), whole()
    hidden = ~other["movie"].train_mask
    other["movie"].y[hidden] = (other["movie"].y[hidden] + 1).clamp_max(2)
    assert torch.equal(measured(graph).teacher, measured(other).teacher)
    other["movie"].y[:] = (graph["movie"].y + 1) % 3
    assert not torch.equal(measured(graph).teacher, measured(other).teacher)


def test_taught_graphs_obey_the_rules_and_answer() -> None:
    graph = small_graph(num_target=120)
    small = condense(graph, plan(graph, 0.1), "mixture", {"spread": "taught"}, bits=8).graph
    check(small, "condensed")
    assert small.spread.has_teacher
    drawn = draw(small, small.spread, torch.Generator().manual_seed(0))
    n = small["movie"].num_nodes
    soft = drawn["movie"].y_soft[:n]
    assert torch.allclose(soft.sum(dim=1), torch.ones(n), atol=1e-5)
    plain = condense(graph, plan(graph, 0.1), "mixture", {"spread": "on"}).graph
    assert not plain.spread.has_teacher
