"""The spread of clusters, measured: against counting by hand and dense algebra."""

from __future__ import annotations

import copy

import pytest
import torch

import condense.clustering.spread as module
from condense.budget import plan
from condense.clustering.neighbourhoods import Neighbourhoods, most_common
from condense.clustering.spread import coded, common_units, factors, measure_spread, trusted
from condense.data.features import FeatureScaler, complete
from condense.data.graph import hide_test_labels
from condense.data.precision import rounded
from condense.data.rules.check import check
from condense.data.spread import draw
from condense.edges.partition import Partition
from condense.io import load_condensed, save
from condense.run import condense
from models.propagation.sparse import adjacency
from models.schema import GraphSchema, features
from tests.support.graphs import small_graph

MOVIE_DIRECTOR, MOVIE_ACTOR = (
    ("director", "rev_directed_by", "movie"),
    ("actor", "rev_features", "movie"),
)


def whole(num_target: int = 60):
    return complete(hide_test_labels(small_graph(num_target=num_target, weighted=True)))


def clusters(graph, count: int = 6):
    """Films in turn in `count` clusters, of the classes 0, 1, 2, 0, …; the last ten in none."""
    cluster = torch.arange(graph["movie"].num_nodes) % count
    cluster[-10:] = -1
    size = torch.bincount(cluster[cluster >= 0], minlength=count)
    return Partition(graph, {"movie": cluster}, {"movie": size}), torch.arange(count) % 3


def stacked(store):
    """Text and image side by side, zero where missing."""
    return torch.cat([features(store, m) for m in ("text", "image")], dim=1)


def measured(graph):
    partition, y = clusters(graph)
    return measure_spread(graph, partition, y, torch.Generator().manual_seed(0))


def test_shares_and_degrees_are_those_of_members() -> None:
    graph = whole()
    edges = graph[MOVIE_ACTOR]
    keep = edges.edge_index[1] % 4 != 0  # Every fourth film without actors.
    edges.edge_index, edges.edge_weight = edges.edge_index[:, keep], edges.edge_weight[keep]
    spread, (partition, _) = measured(graph), clusters(graph)
    place = spread.places.index((MOVIE_ACTOR,))
    degree = adjacency(graph, MOVIE_ACTOR).to_dense().sum(dim=1)
    for number in range(6):
        members = partition.cluster["movie"] == number
        has = degree[members] > 0
        assert float(spread.present[number, place]) == pytest.approx(float(has.float().mean()))
        mean = degree[members][has].log().mean().exp()
        assert float(spread.degree[number, place]) == pytest.approx(float(mean), rel=1e-5)
        image = graph["movie"].has_image[members].float().mean()
        assert float(spread.has[number, 1]) == pytest.approx(float(image))


def test_what_is_measured_keeps_no_features_of_the_whole_graph_alive() -> None:
    graph = whole()
    partition, _ = clusters(graph)
    around = Neighbourhoods.of(graph, partition, torch.Generator().manual_seed(0))
    behind = around.at(next(place for place in around.places if len(place) == 2))
    assert behind.apart.untyped_storage().nbytes() == 0


def test_places_are_relations_and_those_behind_other_types() -> None:
    graph = whole()
    director, actor = ("movie", "directed_by", "director"), ("movie", "features", "actor")
    assert measured(graph).places == (
        (MOVIE_DIRECTOR,),
        (MOVIE_ACTOR,),
        (MOVIE_DIRECTOR, director),
        (MOVIE_ACTOR, actor),
    )
    everyone = torch.ones(60, dtype=torch.bool)
    graph[MOVIE_DIRECTOR].edge_index = graph[MOVIE_DIRECTOR].edge_index[:, :3]
    assert most_common(graph, GraphSchema.of(graph), everyone, 1) == ((MOVIE_ACTOR,),)
    graph[MOVIE_DIRECTOR].edge_index = graph[MOVIE_DIRECTOR].edge_index[:, :0]
    assert len(most_common(graph, GraphSchema.of(graph), everyone)) == 2


def test_mean_neighbours_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the span of the basis, the decoded mean neighbour is the mean over members."""
    monkeypatch.setattr(module, "TRUST", 0.0)
    graph = whole()
    spread, (partition, _) = measured(graph), clusters(graph)
    place, basis = spread.places.index((MOVIE_ACTOR,)), spread.bases[spread.basis_of["actor"]]
    coordinates = (spread.code @ spread.decoder + spread.centre).view(6, 4, -1)[:, place]
    a = adjacency(graph, MOVIE_ACTOR).to_dense()
    schema = GraphSchema.of(graph)
    mean, scale = common_units(FeatureScaler.fit(graph), schema).flat(schema, ["actor"])
    x = stacked(graph["actor"])
    x[~graph["actor"].has_image, 6:] = mean["actor"][6:]  # As in scaled units, where it is zero.
    means = (a / a.sum(dim=1, keepdim=True)) @ x
    b = basis.rows / scale["actor"]  # Orthonormal in scaled units.
    inside = (b.T @ b) * scale["actor"] / scale["actor"].unsqueeze(1)  # Projects onto the span.
    for number in range(6):
        mean = means[partition.cluster["movie"] == number].mean(dim=0)
        expected = (mean - basis.mean) @ inside
        assert torch.allclose(coordinates[number] @ basis.rows, expected, atol=1e-4)


def test_own_features_vary_as_members_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """With as many factors as there are columns, F and rest hold the covariance of own features."""
    monkeypatch.setattr(module, "DIRECTIONS", (64, 64))
    graph = whole()
    del graph["movie"].has_image
    graph["movie"].x_image = graph["movie"].x_image.nan_to_num()
    spread, (partition, _) = measured(graph), clusters(graph)
    x = torch.cat([graph["movie"].x_text, graph["movie"].x_image], dim=1)
    away = []
    for number in range(6):
        members = x[partition.cluster["movie"] == number]
        away.append(members - members.mean(dim=0))
    covariance = torch.cat(away).T @ torch.cat(away) / 50
    own = spread.factor[:, :10]
    assert torch.allclose(
        own.T @ own + spread.rest[:10].square().diag(), covariance, rtol=1e-3, atol=1e-3
    )


def test_missing_modalities_do_not_shrink_the_spread() -> None:
    """Images of four films in five spread as much as if the fifth had been left out."""
    graph = whole()
    around = Neighbourhoods.of(graph, clusters(graph)[0], torch.Generator().manual_seed(0))
    own = around.own()
    has = graph["movie"].has_image[around.sample]
    image = own.residual[:, 6:]
    assert (image[~has] == 0).all()
    x, cluster = graph["movie"].x_image, clusters(graph)[0].cluster["movie"]
    seen = graph["movie"].has_image & (cluster >= 0)
    means = torch.stack([x[seen & (cluster == i)].mean(dim=0) for i in range(6)])
    expected = (x[seen] - means[cluster[seen]]).square().mean(dim=0)
    assert torch.allclose(image.square().mean(dim=0), expected, rtol=1e-4)


def test_units_of_the_features_do_not_matter() -> None:
    """Of features 1000 x + 50 it has the means and covariances of 1000 x + 50."""
    graph = whole()
    other = copy.copy(graph)
    for node_type in graph.node_types:
        for key in ("x_text", "x_image"):
            if key in graph[node_type]:
                other[node_type][key] = 1000 * graph[node_type][key] + 50
    pair = []
    for g in (graph, other):
        spread = measured(g)
        basis = spread.bases[spread.basis_of["actor"]]
        place = spread.places.index((MOVIE_ACTOR,))
        b = basis.rows.size(0)
        coordinates = (spread.code @ spread.decoder + spread.centre).view(6, -1, b)[:, place]
        near = spread.factor[:, 10 + place * b : 10 + (place + 1) * b] @ basis.rows
        together = torch.cat([spread.factor[:, :10], near], dim=1)
        pair.append((basis.mean + coordinates @ basis.rows, together.T @ together, basis.apart))
    (mean, covariance, apart), (mean_2, covariance_2, apart_2) = pair
    assert torch.allclose(mean_2, 1000 * mean + 50, rtol=1e-3, atol=1)
    assert torch.allclose(covariance_2, 1e6 * covariance, rtol=1e-2, atol=1e3)
    assert torch.allclose(apart_2, 1000 * apart, rtol=1e-2, atol=1)


def test_single_neighbours_around_their_mean() -> None:
    """Σ (x_j − x̄)² ÷ (k − 1), over films with more than one actor."""
    graph = whole()
    for relation in (MOVIE_ACTOR, ("movie", "features", "actor")):
        del graph[relation].edge_weight
    around = Neighbourhoods.of(graph, clusters(graph)[0], torch.Generator().manual_seed(0))
    apart = around.at((MOVIE_ACTOR,)).apart
    total, count = torch.zeros(10), 0
    src, dst = graph[MOVIE_ACTOR].edge_index
    for film in around.sample.tolist():
        x = stacked(graph["actor"])[src[dst == film]]
        if len(x) > 1:
            total += x.var(dim=0) * len(x)
            count += len(x)
    assert torch.allclose(apart.square().sum(dim=0) / count, total / count, rtol=1e-4)
    assert len(apart) == count


def test_codes_and_factors_are_exact_at_full_rank() -> None:
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(8, 5, generator=generator), torch.rand(8, generator=generator)
    code, decoder, centre = coded(x, weight, 64)
    assert torch.allclose(code @ decoder + centre, x, atol=1e-5)
    code, decoder, centre = coded(x, weight, 2)
    assert code.shape == (8, 2)
    factor, rest = factors(x, 64, generator)
    assert torch.allclose(factor.T @ factor, x.T @ x / 8, atol=1e-5)
    assert torch.allclose(rest, torch.zeros(5), atol=1e-2)
    factor, rest = factors(x, 2, generator)
    assert torch.allclose(
        (factor.T @ factor).diagonal() + rest.square(), x.square().mean(dim=0), atol=1e-5
    )


@pytest.mark.parametrize("common", [0.0, 0.5])
def test_factors_tell_of_no_correlation_where_there_is_none(common: float) -> None:
    """Columns, each in a unit of its own, have a part in common and are independent otherwise."""
    generator = torch.Generator().manual_seed(0)
    own = torch.randn(20_000, 40, generator=generator)
    shared = torch.randn(20_000, 1, generator=generator)
    x = (1 - common) ** 0.5 * own + common**0.5 * shared
    unit = torch.logspace(-2, 2, 40)
    factor, rest = factors(x * unit, 20, generator)
    correlation = (factor.T @ factor + rest.square().diag()) / unit / unit.unsqueeze(1)
    expected = common + (1 - common) * torch.eye(40)
    assert float((correlation - expected).abs().max()) < 0.05


def test_means_over_few_members_count_less() -> None:
    x, count = torch.tensor([[0.0], [10.0]]), torch.tensor([3.0, 1.0])
    assert trusted(x, count).flatten().tolist() == pytest.approx([0.25 * 2.5, 0.5 * 10 + 0.5 * 2.5])
    assert trusted(x, torch.zeros(2)).flatten().tolist() == [0, 0]


@pytest.mark.parametrize(
    ("method", "settings"), [("mixture", {}), ("srgm", {"epochs": 1, "outer": 2})]
)
def test_methods_keep_it_on_request(method: str, settings: dict) -> None:
    graph = small_graph(num_target=60)
    plain, small = (
        condense(graph, plan(graph, 0.2), method, {**settings, "spread": spread}).graph
        for spread in ("off", "on")
    )
    check(small, "condensed")
    assert torch.equal(plain["movie"].x_text.half(), small["movie"].x_text)
    assert "spread" not in plain._global_store
    assert small["actor"].num_nodes == small["director"].num_nodes == 0
    assert GraphSchema.of(plain) == GraphSchema.of(small)
    drawn = draw(small, small.spread, torch.Generator().manual_seed(0))
    assert drawn["actor"].num_nodes > 0
    narrow, _ = rounded(small, 8)
    check(narrow, "condensed")
    again = draw(narrow, narrow.spread, torch.Generator().manual_seed(0))
    assert again["actor"].num_nodes > 0


def test_types_with_the_same_modalities_share_a_basis() -> None:
    """Actors are completed from films: text and image; directors have text alone."""
    spread = measured(whole())
    assert spread.basis_of == {"director": 0, "actor": 1, "movie": 1}
    assert len(spread.bases) == 2


def test_a_graph_without_relations(tmp_path) -> None:
    graph = small_graph(num_target=60)
    for relation in list(graph.edge_types):
        del graph[relation]
    for node_type in ("director", "actor"):
        del graph[node_type]
    small = condense(graph, plan(graph, 0.2), "mixture", {"spread": "on"})
    save(tmp_path / "a.h5", small)
    again = load_condensed(tmp_path / "a.h5")
    drawn = again.draw(torch.Generator().manual_seed(0))
    assert drawn["movie"].num_nodes == small.graph["movie"].num_nodes
    assert not torch.equal(drawn["movie"].x_text, small.graph["movie"].x_text)
