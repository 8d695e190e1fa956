"""The shared space of gradients recovers planted shared factors, and nothing else."""

from __future__ import annotations

import pytest
import torch

from condense.clustering.propagation import RelayView
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.methods.srgm.shared_space import SharedSpace
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def planted(noise=0.05, own=3.0, n=2000, seed=0):
    """Two modalities of widths 6 and 4 that share two factors; each has a stronger factor of its own.

    Returns:
        The graph, the factors [n, 2], and each modality's directions of them: text [2, 6], image [2, 4].
    """
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=rng)

    shared = normal(n, 2)
    shows = {}
    graph = MultimodalGraph()
    graph["item"].num_nodes = n
    for modality, width in (("text", 6), ("image", 4)):
        axes, _ = torch.linalg.qr(normal(width, width))
        shows[modality] = axes[:2]
        private = own * normal(n, 1) @ axes[2:3]
        graph["item"][f"x_{modality}"] = shared @ axes[:2] + private + noise * normal(n, width)
    graph["item"].y = torch.arange(n) % 2
    graph["item"].train_mask = torch.ones(n, dtype=torch.bool)
    graph.target, graph.num_classes = "item", 2
    return graph, shared, shows


def view_of(graph, rank=10, hops=0):
    return RelayView.of(graph, hops, rank, torch.Generator().manual_seed(0))


def angles(a, b):
    """Cosines of the principal angles between two column spaces."""
    qa, qb = torch.linalg.qr(a)[0], torch.linalg.qr(b)[0]
    return torch.linalg.svdvals(qa.T @ qb)


def test_the_decoder_spans_the_directions_of_the_shared_factors():
    graph, _, shows = planted()
    shared_space = SharedSpace.shared(view_of(graph), 2)
    for modality, axes in shows.items():
        decoder = shared_space.decoder["item", modality]  # [r, 2]
        assert angles(decoder, axes.T).min().item() > 0.97


def test_gradients_with_respect_to_a_factor_agree_across_modalities():
    """A loss of one factor has the same gradient direction in the shared space from text and from image."""
    graph, _, shows = planted()
    shared_space = SharedSpace.shared(view_of(graph), 2)
    pull = torch.randn(50, 2, generator=torch.Generator().manual_seed(1))
    read = [
        # ∂L/∂X of L = ⟨pull, factors as the modality shows them⟩.
        torch.nn.functional.normalize(pull @ axes @ shared_space.decoder["item", modality], dim=1)
        for modality, axes in shows.items()
    ]
    assert (read[0] * read[1]).sum(dim=1).min().item() > 0.99


def test_width_is_bounded_by_the_views():
    graph, _, _ = planted(n=100)
    shared_space = SharedSpace.shared(view_of(graph), 100)
    assert {d.size(1) for d in shared_space.decoder.values()} == {10}


def test_inverse_is_the_pseudo_inverse():
    shared_space = SharedSpace.shared(view_of(small_graph(dtype=torch.float64), hops=2), 4)
    assert set(shared_space.decoder) == {
        ("movie", "text"),
        ("movie", "image"),
        ("director", "text"),
    }
    for key, decoder in shared_space.decoder.items():
        assert_near(decoder @ shared_space.inverse[key] @ decoder, decoder, 1e-9)


def test_labels_are_not_read():
    graph, relabelled = small_graph(dtype=torch.float64), small_graph(dtype=torch.float64)
    relabelled["movie"].y = relabelled["movie"].y.flip(0)
    first, second = (SharedSpace.shared(view_of(g, hops=2), 4).decoder for g in (graph, relabelled))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_the_identity_space_is_the_feature_space():
    graph = small_graph(text_width=4, image_width=4, dtype=torch.float64)
    view = view_of(graph, rank=3)
    shared_space = SharedSpace.identity(view)
    rng = torch.Generator().manual_seed(0)
    for key, basis in view.reduction.basis.items():
        # X = H Bᵀ, so a gradient G with respect to X is G B with respect to H, and back G B Bᵀ.
        gradient = torch.randn(5, 4, generator=rng)
        span = gradient @ basis @ basis.T
        assert_near(gradient @ basis @ shared_space.decoder[key], span, 1e-12)
        assert_near(span @ shared_space.inverse[key], gradient @ basis, 1e-12)


def test_the_identity_space_refuses_different_widths():
    view = view_of(small_graph(dtype=torch.float64), rank=3)
    with pytest.raises(UserError) as raised:
        SharedSpace.identity(view)
    message = str(raised.value)
    assert "movie.text: 6" in message
    assert "movie.image: 4" in message
    assert "'shared'" in message
