"""Features in fewer bits: fewer bytes, and no other numbers for models."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.data.features import FeatureScaler
from condense.data.graph import MultimodalGraph, num_bytes
from condense.data.levels import STEPS, in_eight_bits
from condense.data.precision import rounded
from condense.errors import UserError
from condense.run import condense
from models.schema import features
from tests.support.graphs import small_condensed, small_graph
from tests.support.spreads import graph_with_spread


def large_condensed(n: int = 200) -> MultimodalGraph:
    """Papers with random texts, and a spread whose codes are random."""
    generator = torch.Generator().manual_seed(0)
    graph = graph_with_spread(n, code=torch.randn(n, 1, generator=generator))
    graph["paper"].x_text = torch.randn(n, 2, generator=generator)
    return graph


def test_features_take_half_the_bytes_and_scale_to_the_same() -> None:
    graph = small_condensed().graph
    small, wider = rounded(graph, 16)
    assert wider == {}
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
    small, wider = rounded(graph, 16)
    assert wider == {"movie.text": 32, "director.text": 32}
    assert torch.equal(small["movie"].x_text, graph["movie"].x_text)
    assert small["movie"].x_image.dtype == torch.float16


def test_constant_and_missing_features() -> None:
    graph = small_condensed().graph
    graph["movie"].x_text = torch.full((12, 6), 0.5)
    graph["director"].x_text = torch.full((3, 6), 0.1)  # not a float16, and without any spread
    graph["movie"].has_image[:] = False
    small, wider = rounded(graph, 16)
    assert wider == {"director.text": 32}
    assert small["movie"].x_image.dtype == torch.float16


def test_eight_bits_are_near_and_take_a_byte_each() -> None:
    graph = large_condensed()
    small, wider = rounded(graph, 8)
    assert wider == {}
    exact, x = graph["paper"].x_text, small["paper"].x_text
    assert x.dtype == torch.float32
    step = (exact.amax(dim=0) - exact.amin(dim=0)) / STEPS
    assert bool(((x - exact).abs() <= step / 2 + 1e-6).all())
    entries, columns = exact.numel(), exact.size(1)
    before = num_bytes(small)
    small["paper"].x_text = exact  # Off the levels: counted as it is.
    assert num_bytes(small) == before + 3 * entries - 8 * columns


def test_outliers_and_few_rows_take_more_bits() -> None:
    graph = large_condensed(5000)
    graph["paper"].x_text[0] = 500.0  # Leaves two levels for all others.
    assert rounded(graph, 8)[1] == {"paper.text": 16}
    few = small_condensed().graph  # Of 3 directors two bounds a column outweigh a byte a number.
    half, wider = rounded(few, 8)
    assert half["director"].x_text.dtype == torch.float16
    assert "director.text" not in wider
    few["director"].x_text[0] = 1e5  # Out of range of float16.
    assert rounded(few, 8)[1]["director.text"] == 32


def test_eight_bits_where_a_modality_is_missing() -> None:
    graph = large_condensed()
    graph["paper"].has_text = torch.arange(200) % 2 == 0
    graph["paper"].x_text[1::2] = torch.nan
    graph["paper"].x_text[:, 0] = 7.0
    x = rounded(graph, 8)[0]["paper"].x_text
    assert bool((x[1::2] == 0).all())
    assert bool((x[::2, 0] == 7).all())


def test_a_spread_is_narrowed_too() -> None:
    graph = large_condensed()
    spread = graph.spread
    plain, half, eight = (rounded(graph, bits)[0] for bits in (32, 16, 8))
    assert plain.spread.code.dtype == half.spread.code.dtype == torch.float16
    assert plain["paper"].x_text.dtype == torch.float16  # At most 16 bits beside a spread.
    assert eight.spread.degree.dtype == torch.float16
    assert eight.spread.num_bytes(eight_bits=True) < half.spread.num_bytes()
    error = (eight.spread.code - spread.code).abs().max()
    assert 0 < error < 0.02


def test_the_mark_is_set_where_something_is_in_eight_bits() -> None:
    assert in_eight_bits(rounded(large_condensed(), 8)[0])
    assert not in_eight_bits(rounded(large_condensed(), 16)[0])
    assert not in_eight_bits(rounded(tiny(), 8)[0])


def tiny() -> MultimodalGraph:
    """Five papers without a spread: two bounds a column outweigh a byte a number."""
    graph = graph_with_spread(5)
    del graph._global_store["spread"]
    return graph


def test_other_bits_are_refused() -> None:
    with pytest.raises(UserError, match=r"bits \(got 4\) must be 32, 16 or 8"):
        rounded(tiny(), 4)
    graph = small_graph()
    with pytest.raises(UserError, match="bits"):
        condense(graph, plan(graph, 0.2), "random", bits=64)
