"""ChebNet against PyG on one relation, and against Chebyshev polynomials by definition."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import ChebConv

from models.chebnet import ChebNet, ChebNetSettings
from models.propagation.metapaths import returning_paths
from models.propagation.union import UnionOperator
from models.schema import GraphSchema
from tests.support.dense import assert_near
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union, items, random_model

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("order", [0, 1, 2, 4])
def test_on_one_relation_it_is_two_layers_of_pyg(weighted, order):
    graph, edges, weight = items(weighted)
    model = random_model(ChebNet, graph, ChebNetSettings(hidden=5, order=order))
    # Only PyG's bias is added after the filter: ours passes through it, with T_0 unchanged.
    model.fusion.bias["item:"].data[5:] = 0
    model.layers[0].bias.data[3:] = 0
    inner, outer = ChebConv(4, 5, order + 1), ChebConv(5, 3, order + 1)
    for conv, theta, bias in (
        (inner, model.fusion.weight["item:text"], model.fusion.bias["item:"]),
        (outer, model.layers[0].weight, model.layers[0].bias),
    ):
        for lin, part in zip(conv.lins, theta.data.split(conv.out_channels), strict=True):
            lin.weight.data = part
        conv.bias.data = bias.data[: conv.out_channels]
    bound = torch.tensor(2.0)
    hidden = inner(graph["item"].x_text, edges, weight, lambda_max=bound).relu()
    expected = outer(hidden, edges, weight, lambda_max=bound)
    rows = torch.tensor([9, 0, 4])
    assert_near(model(model.prepare(graph, rows)).detach(), expected[rows].detach(), 1e-12)


def test_operator_without_loops():
    graph, edges, weight = items(weighted=True)
    found = UnionOperator(graph, GraphSchema.of(graph), 4, torch.device("cpu"), loop=0.0)
    a = torch.zeros(10, 10).index_put((edges[1], edges[0]), weight)
    scale = torch.where(a.sum(dim=1) > 0, a.sum(dim=1), torch.inf) ** -0.5
    got = found @ torch.eye(10)
    assert_near(got, scale[:, None] * a * scale, 1e-14)
    assert not got[9].any()
    # The spectrum of −L̃: within [−1, 1], and 1 is reached.
    assert torch.linalg.eigvalsh(got).abs().max().item() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_one_layer_on_several_types_is_a_polynomial_of_the_laplacian(order):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model = random_model(ChebNet, graph, ChebNetSettings(layers=1, order=order))
    a = dense_union(graph, returning_paths(graph.edge_types, "movie", 4))
    scale = a.sum(dim=1) ** -0.5
    # T_k(cos t) = cos(k t), by the eigenvectors of the symmetric Laplacian.
    value, vector = torch.linalg.eigh(-scale[:, None] * a * scale)
    angle = value.clamp(-1, 1).arccos()
    movie, fusion = graph["movie"], model.fusion
    lacks = ~movie.has_image[:, None]
    terms = (
        movie.x_text @ fusion.weight["movie:text"].T
        + movie.x_image.masked_fill(lacks, 0) @ fusion.weight["movie:image"].T
        + lacks * fusion.missing["movie:image"]
        + fusion.bias["movie:"]
    )
    expected = sum(
        vector @ torch.diag((k * angle).cos()) @ vector.T @ y
        for k, y in enumerate(terms.split(3, 1))
    )
    found = model(model.prepare(graph, torch.arange(12)))
    assert_near(found.detach(), expected.detach(), 1e-10)
