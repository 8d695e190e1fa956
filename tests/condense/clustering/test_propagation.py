"""The whole graph as the relay sees it, against dense products."""

from __future__ import annotations

import pytest
import torch

from condense.clustering.propagation import RelayView
from condense.data.features import complete
from condense.data.inductive import training_part
from condense.methods.srgm.pool import Pool
from models.propagation.metapaths import endpoint
from models.schema import features
from tests.support.dense import assert_near, averaging, multiplicities, walk
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


@pytest.fixture
def view():
    graph = complete(small_graph(weighted=True, dtype=torch.float64))
    return RelayView.of(graph, 2, 3, torch.Generator().manual_seed(0))


def dense_features(view, h=None):
    adjacency = {r: averaging(multiplicities(view.graph, r)) for r in view.graph.edge_types}
    parts = []
    for (path, modality), scale in zip(view.blocks, view.scale, strict=True):
        end = endpoint(path, "movie")
        x = features(view.graph[end], modality) if h is None else h[end, modality]
        parts.append(scale * walk(adjacency, path, x))
    return parts, adjacency


def test_features_are_dense_products_of_equal_size(view):
    parts, _ = dense_features(view)
    train = view.graph["movie"].train_mask
    for z in parts:
        assert abs(z[train].square().sum(dim=1).mean().item() - 1) < 1e-9
    rows = torch.tensor([9, 2, 30])
    assert_near(view.features(rows), torch.cat(parts, dim=1)[rows], 1e-12)
    assert view.block.tolist() == [i for i, z in enumerate(parts) for _ in range(z.size(1))]


@pytest.mark.parametrize("columns", [1, 300])  # Fewer and more than are propagated for a feature.
def test_scores_are_features_times_weights(view, columns):
    weight = torch.randn(len(view.block), columns, generator=torch.Generator().manual_seed(0))
    assert_near(view.scores(weight), view.features(torch.arange(40)) @ weight, 1e-12)


def test_the_whole_graph_seen_as_a_condensed_one_has_the_same_features(view):
    h = {(t, m): features(view.graph[t], m) for t, m in view.reduction.basis}
    parts, adjacency = dense_features(view, h)
    assert_near(view.condensed_features(h, adjacency), torch.cat(parts, dim=1), 1e-12)
    assert_near(view.condensed_features(h, adjacency), view.features(torch.arange(40)), 1e-12)


def test_test_labels_change_nothing():
    graph, other = small_graph(dtype=torch.float64), small_graph(dtype=torch.float64)
    test = other["movie"].test_mask
    other["movie"].y[test] = other["movie"].y[test].flip(0)
    first, second = (
        RelayView.of(g, 2, 3, torch.Generator().manual_seed(0)) for g in (graph, other)
    )
    rows = torch.arange(40)
    assert torch.equal(first.features(rows), second.features(rows))


def test_pool_holds_and_draws_nodes_of_each_class(view):
    member = torch.where(torch.arange(40) % 5 == 0, -1, view.graph["movie"].y)
    rng = torch.Generator().manual_seed(0)
    pool = Pool.of(view, member, 8, rng)
    every = view.features(torch.arange(40))
    assert pool.sizes == (8, 8, 8)
    ((all_rows, sizes),) = pool.draw(8, rng)
    assert all_rows is pool.z  # All of them, and no copy.
    assert sizes == pool.sizes
    for i, z in enumerate(all_rows):
        (same,) = ((every - z).abs().amax(dim=1) < 1e-12).nonzero(as_tuple=True)
        assert member[same].tolist() == [i // 8]  # That very node, and it may be matched.
    drawn, other = (list(pool.draw(3, rng)) for _ in range(2))
    assert [sizes for _, sizes in drawn] == [(3,), (3,), (3,)]
    drawn, other = (torch.cat([z for z, _ in parts]) for parts in (drawn, other))
    assert len(torch.unique(drawn, dim=0)) == 9
    assert all(
        bool((pool.z[8 * (i // 3) : 8 * (i // 3) + 8] == z).all(1).any())
        for i, z in enumerate(drawn)
    )
    assert not torch.equal(drawn, other)


def test_another_graph_in_the_coordinates_of_the_first():
    whole = small_graph(num_target=80)
    part = complete(training_part(whole, "inductive").graph)
    view = RelayView.of(part, 2, 3, torch.Generator().manual_seed(0))
    rows = torch.arange(int(part["movie"].num_nodes))
    torch.testing.assert_close(view.on(part).features(rows), view.features(rows))
    x = view.on(complete(whole)).graph["movie"].x_text
    trained = whole["movie"].train_mask
    torch.testing.assert_close(x[trained], view.graph["movie"].x_text)
