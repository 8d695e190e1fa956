"""Half precision: half the bytes, and no other numbers for models."""

from __future__ import annotations

import torch
from condense.data.half import halved

from condense.data.features import FeatureScaler
from condense.data.graph import num_bytes
from models.schema import features
from tests.support.graphs import small_condensed, small_graph


def test_features_take_half_the_bytes_and_scale_to_the_same() -> None:
    graph = small_condensed().graph
    small, kept = halved(graph)
    assert kept == []
    assert small["movie"].x_text.dtype == torch.float16
    assert graph["movie"].x_text.dtype == torch.float32
    entries = sum(graph[t].x_text.numel() for t in ("movie", "director"))
    assert num_bytes(graph) - num_bytes(small) >= 2 * entries
    scaler = FeatureScaler.fit(small_graph())
    ours, theirs = (scaler.apply(g)["movie"] for g in (graph, small))
    torch.testing.assert_close(
        features(ours, "text"), features(theirs, "text"), atol=5e-3, rtol=1e-3
    )


def test_what_rounding_would_change_stays() -> None:
    graph = small_condensed().graph
    graph["movie"].x_text += 5000.0  # years: float16 is 4 apart there
    graph["director"].x_text *= 1e6  # out of range
    small, kept = halved(graph)
    assert kept == ["movie.text", "director.text"]
    assert torch.equal(small["movie"].x_text, graph["movie"].x_text)
    assert small["movie"].x_image.dtype == torch.float16


def test_constant_and_missing_features() -> None:
    graph = small_condensed().graph
    graph["movie"].x_text = torch.full((12, 6), 0.5)
    graph["director"].x_text = torch.full((3, 6), 0.1)  # not a float16, and without any spread
    graph["movie"].has_image[:] = False
    small, kept = halved(graph)
    assert kept == ["director.text"]
    assert small["movie"].x_image.dtype == torch.float16
