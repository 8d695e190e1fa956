"""APPNP against PyG on one relation, and against the limit of its iteration on several types."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.nn import APPNP as PyGAPPNP

from models.appnp import APPNP, APPNPSettings
from models.propagation.metapaths import returning_paths
from tests.support.dense import assert_near
from tests.support.graphs import small_graph
from tests.support.homogeneous import dense_union, items, random_model

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("steps", "teleport"), [(10, 0.1), (3, 0.4), (0, 0.1)])
def test_on_one_relation_it_is_pygs_propagation(weighted, steps, teleport):
    graph, edges, weight = items(weighted)
    model = random_model(APPNP, graph, APPNPSettings(hidden=5, steps=steps, teleport=teleport))
    linear, bias = model.fusion.weight["item:text"], model.fusion.bias["item:"]
    h = model.head((graph["item"].x_text @ linear.T + bias).clamp_min(0))
    expected = PyGAPPNP(steps, teleport)(h, edges, weight)
    rows = torch.tensor([9, 0, 4])
    assert_near(model(model.prepare(graph, rows)).detach(), expected[rows].detach(), 1e-12)


def test_many_steps_reach_personalised_pagerank():
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    model = random_model(APPNP, graph, APPNPSettings(hidden=5, steps=400, teleport=0.1))
    total = torch.eye(12) + dense_union(graph, returning_paths(graph.edge_types, "movie", 4))
    scale = total.sum(dim=1) ** -0.5
    limit = 0.1 * torch.linalg.inv(torch.eye(12) - 0.9 * scale[:, None] * total * scale)  # (3)
    movie, fusion = graph["movie"], model.fusion
    lacks = ~movie.has_image[:, None]
    hidden = (
        movie.x_text @ fusion.weight["movie:text"].T
        + movie.x_image.masked_fill(lacks, 0) @ fusion.weight["movie:image"].T
        + lacks * fusion.missing["movie:image"]
        + fusion.bias["movie:"]
    )
    expected, rows = limit @ model.head(hidden.clamp_min(0)), torch.tensor([11, 4, 0])
    assert_near(model(model.prepare(graph, rows)).detach(), expected[rows].detach(), 1e-10)
