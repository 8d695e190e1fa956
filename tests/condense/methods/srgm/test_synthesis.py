"""The saved graph agrees with the relay's inputs: the same coordinates, the same edges."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.clustering.assembly import graph_of_means
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import PseudoLabelling
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.methods.srgm.synthesis import Synthesis
from models.propagation.metapaths import path_features
from models.schema import GraphSchema
from tests.support.dense import assert_near, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def small_synthesis(rank=3):
    rng = torch.Generator().manual_seed(0)
    whole = complete(hide_test_labels(small_graph(dtype=torch.float64)))
    budget = plan(whole, 0.3)
    view = RelayView.of(whole, hops=2, rank=rank, generator=rng)
    start = cluster_graph(view, budget, labelling=PseudoLabelling("ridge"), generator=rng)
    return whole, view, Synthesis(start, budget), rng


def perturbed_synthesis():
    whole, view, synthesis, rng = small_synthesis()
    with torch.no_grad():
        for key, h in synthesis.h.items():
            h.add_(torch.randn(h.shape, generator=rng)).mul_(synthesis.has[key].unsqueeze(1))
        for logits in synthesis.logits.values():
            logits.add_(torch.randn(logits.shape, generator=rng))
    return whole, view, synthesis


def saved(whole, view, synthesis):
    return synthesis.to_graph(view, graph_of_means(whole, synthesis.start))


def test_the_start_is_the_clusters_means():
    whole, view, synthesis, _ = small_synthesis(rank=2)
    small = saved(whole, view, synthesis)
    for i in range(int(small["movie"].num_nodes)):
        inside = synthesis.start.partition.cluster["movie"] == i
        assert_near(small["movie"].x_text[i], whole["movie"].x_text[inside].mean(dim=0))
        pictured = inside & whole["movie"].has_image
        if pictured.any():
            expected = whole["movie"].x_image[pictured].mean(dim=0)
            assert_near(small["movie"].x_image[i], expected)
        assert int(small["movie"].node_weight[i]) == int(inside.sum())


def test_saved_features_have_the_relays_coordinates():
    whole, view, synthesis = perturbed_synthesis()
    scaled = view.scaler.apply(saved(whole, view, synthesis))
    for (node_type, modality), basis in view.reduction.basis.items():
        h = scaled[node_type][f"x_{modality}"] @ basis
        assert_near(h, synthesis.h[node_type, modality].detach(), 1e-6)


def test_a_saved_graph_propagates_as_the_relay_did():
    whole, view, synthesis = perturbed_synthesis()
    small = view.scaler.apply(saved(whole, view, synthesis))
    for (node_type, modality), basis in view.reduction.basis.items():
        small[node_type][f"x_{modality}"] = small[node_type][f"x_{modality}"] @ basis
    parts = path_features(small, GraphSchema.of(small), 2)
    z = torch.cat([s * p for s, p in zip(view.scale, parts.values(), strict=True)], dim=1)
    assert_near(z, synthesis.features(view), 1e-5)


def test_saved_edges_add_up_to_the_members_mean_degrees():
    whole, view, synthesis = perturbed_synthesis()
    small = saved(whole, view, synthesis)
    for relation in whole.edge_types:
        inside = synthesis.start.partition.cluster[relation[2]]
        degree = multiplicities(whole, relation).sum(dim=1)
        for i, got in enumerate(multiplicities(small, relation).sum(dim=1)):
            assert got == 0 or abs(got - degree[inside == i].mean()) < 1e-5
        assert small[relation].edge_index.size(1) > 0


def test_a_snapshot_restores_the_features():
    _, view, synthesis = perturbed_synthesis()
    before, snapshot = synthesis.features(view), synthesis.snapshot()
    with torch.no_grad():
        for h in synthesis.h.values():
            h.add_(1)
    assert not torch.equal(synthesis.features(view), before)
    synthesis.restore(snapshot)
    assert torch.equal(synthesis.features(view), before)
