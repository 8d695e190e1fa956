"""GraphSAGE against PyG on one relation, and against dense matrices on several types."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import SAGEConv

from models.graphsage import GraphSAGE, GraphSAGESettings
from models.propagation.metapaths import returning_paths
from models.propagation.union import UnionMean
from models.schema import GraphSchema
from tests.support.dense import assert_near, averaging
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union, items, random_model

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("normalise", [False, True])
def test_on_one_relation_it_is_two_layers_of_pyg(normalise):
    graph, edges, _ = items()
    model = random_model(GraphSAGE, graph, GraphSAGESettings(hidden=5, normalise=normalise))
    # Only PyG's bias is added after the aggregation of neighbours: ours passes through it too.
    model.fusion.bias["item:"].data[5:] = 0
    model.layers[0].bias.data[3:] = 0
    inner, outer = SAGEConv(4, 5), SAGEConv(5, 3)
    for conv, weight, bias in (
        (inner, model.fusion.weight["item:text"], model.fusion.bias["item:"]),
        (outer, model.layers[0].weight, model.layers[0].bias),
    ):
        width = conv.out_channels
        conv.lin_r.weight.data, conv.lin_l.weight.data = weight.data[:width], weight.data[width:]
        conv.lin_l.bias.data = bias.data[:width]
    hidden = inner(graph["item"].x_text, edges).relu()
    if normalise:
        hidden = torch.nn.functional.normalize(hidden, dim=1)
    expected, rows = outer(hidden, edges), torch.tensor([9, 0, 4])
    assert_near(model(model.prepare(graph, rows)).detach(), expected[rows].detach(), 1e-12)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_logits_of_several_types_are_those_of_dense_products(layers):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model = random_model(GraphSAGE, graph, GraphSAGESettings(hidden=5, layers=layers))
    mean = averaging(dense_union(graph, returning_paths(graph.edge_types, "movie", 4)))
    movie, fusion = graph["movie"], model.fusion
    lacks = ~movie.has_image[:, None]
    both = (
        movie.x_text @ fusion.weight["movie:text"].T
        + movie.x_image.masked_fill(lacks, 0) @ fusion.weight["movie:image"].T
        + lacks * fusion.missing["movie:image"]
        + fusion.bias["movie:"]
    )
    for layer in (*model.layers, None):
        half = both.size(1) // 2
        h = both[:, :half] + mean @ both[:, half:]
        both = both if layer is None else h.clamp_min(0) @ layer.weight.T + layer.bias
    rows = torch.tensor([11, 4, 0])
    assert_near(model(model.prepare(graph, rows)).detach(), h[rows].detach(), 1e-12)


def test_the_mean_is_that_of_neighbours_by_multiplicity():
    graph, edges, weight = items(weighted=True)
    found = UnionMean(graph, GraphSchema.of(graph), 4, torch.device("cpu")) @ torch.eye(10)
    a = torch.zeros(10, 10).index_put((edges[1], edges[0]), weight)
    assert_near(found, averaging(a), 1e-14)
    assert not found[9].any()
    graph["item", "links", "item"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    del graph["item", "links", "item"].edge_weight
    empty = UnionMean(graph, GraphSchema.of(graph), 4, torch.device("cpu")) @ torch.eye(10)
    assert not empty.any()
