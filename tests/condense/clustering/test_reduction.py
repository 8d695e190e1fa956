"""Reduced coordinates against the exact singular value decomposition."""

from __future__ import annotations

import pytest
import torch

from condense.clustering.reduction import Reduction, leading_directions
from condense.data.features import FeatureScaler
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def spectrum(n, d, values, seed=0):
    """A matrix [n, d] with these singular values."""
    rng = torch.Generator().manual_seed(seed)
    u, _ = torch.linalg.qr(torch.randn(n, len(values), generator=rng))
    v, _ = torch.linalg.qr(torch.randn(d, len(values), generator=rng))
    return u @ torch.diag(torch.tensor(values)) @ v.T


def captured(x, basis):
    """Squared size of what the projection leaves out."""
    return (x - x @ basis @ basis.T).square().sum().item()


@pytest.mark.parametrize(("n", "d"), [(200, 50), (50, 200)])
def test_leading_directions_are_the_leading_right_singular_vectors(n, d):
    x = spectrum(n, d, [0.7**k * 10 for k in range(40)])
    basis = leading_directions(x, 10, torch.Generator().manual_seed(0))
    assert basis.shape == (d, 10)
    assert_near(basis.T @ basis, torch.eye(10), 1e-12)
    _, _, vt = torch.linalg.svd(x, full_matrices=False)
    # Signs are free, and the last directions converge least.
    assert (basis.T @ vt[:10].T).diagonal().abs().min().item() > 1 - 1e-4


def test_no_basis_of_that_size_leaves_out_noticeably_less():
    """Also where singular values hardly decay and single vectors are ill defined."""
    x = torch.randn(300, 60, generator=torch.Generator().manual_seed(1))
    basis = leading_directions(x, 12, torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(x)
    least = values[12:].square().sum().item()
    assert least <= captured(x, basis) < 1.01 * least


def test_exact_rank_is_found_exactly():
    x = spectrum(80, 30, [5.0, 3.0, 1.0])
    basis = leading_directions(x, 3, torch.Generator().manual_seed(0))
    assert captured(x, basis) < 1e-20


@pytest.mark.parametrize("rank", [6, 100])
def test_all_directions_are_the_features_themselves(rank):
    x = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(leading_directions(x, rank, torch.Generator()), torch.eye(6))


def test_more_directions_than_rows():
    x = torch.randn(4, 30, generator=torch.Generator().manual_seed(0))
    basis = leading_directions(x, 10, torch.Generator().manual_seed(0))
    assert basis.shape == (30, 4)
    assert captured(x, basis) < 1e-20


def test_encode_and_decode_reverse_each_other_within_the_span():
    graph = small_graph(text_width=5, dtype=torch.float64)
    scaled = FeatureScaler.fit(graph).apply(graph)
    reduction = Reduction.fit(scaled, 3, torch.Generator().manual_seed(0))
    h = reduction.encode(scaled)
    assert {key: x.size(1) for key, x in h.items()} == {
        ("movie", "text"): 3,
        ("movie", "image"): 3,
        ("director", "text"): 3,
    }
    for key, x in h.items():
        assert_near(reduction.decode(key, x) @ reduction.basis[key], x, 1e-12)
    x = scaled["movie"].x_text
    values = torch.linalg.svdvals(x)
    lost = (x - reduction.decode(("movie", "text"), h["movie", "text"])).square().sum().item()
    assert abs(lost - values[3:].square().sum().item()) < 1e-6
    # Nodes without an image are at the origin, and did not shape the basis.
    assert not h["movie", "image"][~graph["movie"].has_image].any()


def test_missing_rows_do_not_shape_the_basis():
    graph, other = small_graph(dtype=torch.float64), small_graph(dtype=torch.float64)
    other["movie"].x_image[~other["movie"].has_image] = 1e9
    bases = [Reduction.fit(g, 2, torch.Generator().manual_seed(0)).basis for g in (graph, other)]
    assert torch.equal(bases[0]["movie", "image"], bases[1]["movie", "image"])
