"""Completed, scaled and imputed features against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from condense.data.features import FeatureScaler, complete, impute
from condense.data.graph import MultimodalGraph
from condense.errors import GraphError
from models.schema import modality_names
from tests.support.graphs import small_graph

NAN = float("nan")


def chain():
    """Papers (text, partly missing) and venues (text) -> authors (none) -> cities (none); one island."""
    graph = MultimodalGraph()
    for node_type, count in (("paper", 3), ("venue", 1), ("author", 4), ("city", 2), ("island", 2)):
        graph[node_type].num_nodes = count
    graph["paper"].x_text = torch.tensor([[1.0, 2.0], [5.0, 6.0], [NAN, NAN]])
    graph["paper"].has_text = torch.tensor([True, True, False])
    graph["venue"].x_text = torch.tensor([[9.0, 0.0]])
    store = graph["paper", "by", "author"]
    store.edge_index = torch.tensor([[0, 1, 2, 2], [0, 0, 0, 1]])
    store.edge_weight = torch.tensor([3.0, 1.0, 5.0, 1.0])
    graph["venue", "hosts", "author"].edge_index = torch.tensor([[0, 0], [0, 3]])
    graph["author", "lives", "city"].edge_index = torch.tensor([[0, 3, 1], [0, 0, 1]])
    graph.target, graph.num_classes, graph.name, graph.source = "paper", 2, "chain", "simulated"
    return graph


def test_a_type_without_features_gets_the_mean_of_all_its_neighbours_that_have_them():
    graph = chain()
    completed = complete(graph)
    # Author 0: 3 · (1, 2) + 1 · (5, 6) + 1 · (9, 0) over 5; paper 2 lacks its text.
    expected = torch.tensor([[17 / 5, 12 / 5], [0, 0], [0, 0], [9, 0]])
    assert torch.allclose(completed["author"].x_text, expected)
    assert completed["author"].has_text.tolist() == [True, False, False, True]
    # Cities come next: authors 0 and 3 for the first; the second's only author has nothing.
    assert torch.allclose(completed["city"].x_text[0], (expected[0] + expected[3]) / 2)
    assert completed["city"].has_text.tolist() == [True, False]
    assert modality_names(completed["island"]) == ()
    assert modality_names(graph["author"]) == ()
    assert "has_text" not in graph["author"]


def test_types_with_features_are_not_changed():
    graph = small_graph()
    completed = complete(graph)
    assert completed["movie"].x_text is graph["movie"].x_text
    assert completed["director"].x_text is graph["director"].x_text
    assert modality_names(completed["director"]) == ("text",)
    assert set(modality_names(completed["actor"])) == {"text", "image"}
    # Every actor's image comes from films that have one.
    assert bool(torch.isfinite(completed["actor"].x_image).all())


def test_one_name_for_two_widths_is_named():
    graph = chain()
    graph["venue"].x_text = torch.ones(1, 3)
    with pytest.raises(GraphError, match=r"\['venue'\].x_text \(got width 3\).*width 2.*rename"):
        complete(graph)


def test_scaler_by_numpy_and_back():
    graph = small_graph(seed=2)
    scaler = FeatureScaler.fit(graph)
    scaled = scaler.apply(graph)
    x, has = graph["movie"].x_image.numpy(), graph["movie"].has_image.numpy()
    centred = x[has] - x[has].mean(axis=0)
    expected = centred / np.sqrt((centred**2).mean())
    assert np.allclose(scaled["movie"].x_image[has].numpy(), expected, atol=1e-5)
    assert not scaled["movie"].x_image[~has].any()
    assert bool(graph["movie"].x_image[~has].isnan().all())  # The argument is not changed.


def test_scaler_ignores_missing_rows_and_labels():
    graph, other = small_graph(), small_graph()
    other["movie"].x_image[~other["movie"].has_image] = 1e6
    other["movie"].y = other["movie"].y.flip(0)
    first, second = FeatureScaler.fit(graph), FeatureScaler.fit(other)
    assert first.scale == second.scale
    assert all(torch.equal(first.mean[key], second.mean[key]) for key in first.mean)


def test_constant_and_absent_modalities_become_zero():
    graph = small_graph()
    graph["movie"].x_text = torch.full((40, 2), 7.0)
    graph["movie"].has_image = torch.zeros(40, dtype=torch.bool)
    scaled = FeatureScaler.fit(graph).apply(graph)
    assert not scaled["movie"].x_text.any()
    assert not scaled["movie"].x_image.any()


@pytest.mark.parametrize("size", [1e-30, 1e-22, 1e-16, 1e16, 1e19, 1e25, 3e37])
def test_numbers_of_any_size_are_scaled_alike(size: float) -> None:
    # At 1e19 the squares are beyond float32, and below 1e-19 they are zero there.
    plain, other = small_graph(), small_graph()
    other["movie"].x_text = (plain["movie"].x_text.double() * size).float()
    scaler = FeatureScaler.fit(other)
    assert 0 < scaler.scale["movie", "text"] < float("inf")
    expected = FeatureScaler.fit(plain).apply(plain)["movie"].x_text
    got = scaler.apply(other)["movie"].x_text
    assert got.dtype == torch.float32
    assert torch.allclose(got, expected, atol=1e-5)


def test_ordinary_numbers_are_scaled_in_float32_as_ever() -> None:
    graph = small_graph()
    x = graph["movie"].x_text
    mean = x.mean(dim=0)
    scaler = FeatureScaler.fit(graph)
    assert torch.equal(scaler.mean["movie", "text"], mean)
    assert scaler.scale["movie", "text"] == float((x - mean).square().mean().sqrt())


def test_half_precision_is_scaled_in_single():
    graph = small_graph(dtype=torch.float16)
    scaled = FeatureScaler.fit(graph).apply(graph)
    assert scaled["movie"].x_text.dtype == torch.float32
    assert abs(scaled["movie"].x_text.square().mean().item() - 1) < 1e-5


def test_impute_by_hand():
    values = torch.tensor([[1.0, NAN, NAN, 4.0], [3.0, 2.0, NAN, 4.0], [NAN, 8.0, 5.0, 4.0]])
    train = torch.tensor([True, True, False])
    expected = [
        [1.0, 2.0, 0.0, 4.0, 0.0, 1.0, 1.0],
        [3.0, 2.0, 0.0, 4.0, 0.0, 0.0, 1.0],
        [2.0, 8.0, 5.0, 4.0, 1.0, 0.0, 0.0],
    ]
    assert torch.equal(impute(values, train), torch.tensor(expected))
    complete_values = torch.ones(3, 2)
    assert torch.equal(impute(complete_values, train), complete_values)


def test_without_scaling_features_stay_as_they_are_and_missing_rows_are_zero():
    graph = small_graph()
    scaled = FeatureScaler.fit(graph, "none").apply(graph)
    movie = graph["movie"]
    assert torch.equal(scaled["movie"].x_text, movie.x_text)
    assert torch.equal(scaled["director"].x_text, graph["director"].x_text)
    has = movie.has_image[:, None]
    assert torch.equal(scaled["movie"].x_image, movie.x_image.masked_fill(~has, 0))
