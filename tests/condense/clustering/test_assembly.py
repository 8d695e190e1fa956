"""A graph of clusters holds its members' means and number, and the edges that it is given."""

from __future__ import annotations

import pytest
import torch

from condense.budget import plan
from condense.clustering.assembly import add_edges, empty_like, graph_of_means
from condense.clustering.clusters import cluster_graph
from condense.clustering.propagation import RelayView
from condense.clustering.settings import PseudoLabelling
from condense.data.features import complete
from condense.data.graph import hide_test_labels
from condense.edges.pair_matrix import PairMatrix
from models.schema import GraphSchema, modality_names
from tests.support.dense import assert_near
from tests.support.graphs import small_graph


def test_a_blank_graph_shares_what_describes_the_whole():
    graph = empty_like(small_graph())
    assert (graph.target, graph.num_classes, graph.name, graph.source) == (
        "movie", 3, "small", "simulated",
    )  # fmt: skip
    assert graph.node_types == graph.edge_types == []


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("pseudo", [True, False])
def test_means_and_sizes_by_a_loop(pseudo):
    whole = complete(hide_test_labels(small_graph(num_target=80, dtype=torch.float64)))
    rng = torch.Generator().manual_seed(0)
    found = cluster_graph(
        RelayView.of(whole, 2, 256, rng),
        plan(whole, 0.2),
        PseudoLabelling() if pseudo else None,
        rng,
    )
    small = graph_of_means(whole, found)
    assert GraphSchema.of(small).modalities == GraphSchema.of(whole).modalities
    assert torch.equal(small["movie"].y, found.y)
    for node_type in whole.node_types:
        store = whole[node_type]
        assert "origin" not in small[node_type]
        for k in range(int(small[node_type].num_nodes)):
            members = [i for i, at in enumerate(found.partition.cluster[node_type]) if int(at) == k]
            assert float(small[node_type].node_weight[k]) == len(members)
            for m in modality_names(store):
                having = [i for i in members if bool(store.get(f"has_{m}", torch.ones(80))[i])]
                mean = store[f"x_{m}"][having].mean(dim=0) if having else torch.zeros(1)
                assert_near(small[node_type][f"x_{m}"][k], mean.expand(store[f"x_{m}"].size(1)))
                if f"has_{m}" in small[node_type]:
                    assert bool(small[node_type][f"has_{m}"][k]) is bool(having)


def test_edges_run_from_columns_to_rows():
    small = empty_like(small_graph())
    matrix = PairMatrix.of(torch.tensor([[0.0, 2.0, 0.0], [0.5, 0.0, 1.0]]))
    add_edges(small, {("a", "r", "b"): matrix, ("b", "q", "a"): matrix.T})
    store = small["a", "r", "b"]
    assert store.edge_index.tolist() == [[1, 0, 2], [0, 1, 1]]
    assert store.edge_weight.tolist() == [2.0, 0.5, 1.0]
    store = small["b", "q", "a"]
    assert store.edge_index.tolist() == [[1, 0, 1], [0, 1, 2]]
    assert store.edge_weight.tolist() == [0.5, 2.0, 1.0]
