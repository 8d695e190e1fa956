"""Early fusion is one linear layer on concatenated features and missing-indicators."""

from __future__ import annotations

import pytest
import torch

from models.layers.fusion import EarlyFusion, type_inputs
from models.schema import GraphSchema
from tests.support.dense import assert_near
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


def fused(graph, width=5):
    """A fusion with random parameters, its inputs and its result."""
    schema = GraphSchema.of(graph)
    torch.manual_seed(0)
    fusion = EarlyFusion({t: dict(m) for t, m in schema.modalities.items()}, width)
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    sizes = {t: graph[t].num_nodes for t in graph.node_types}
    return fusion, fusion(type_inputs(graph, schema), sizes)


def test_it_is_one_linear_layer():
    graph = small_graph(dtype=torch.float64)
    fusion, found = fused(graph)
    movie = graph["movie"]
    lacks = ~movie.has_image
    whole = torch.cat(
        [movie.x_text, movie.x_image.masked_fill(lacks[:, None], 0), lacks.double()[:, None]], dim=1
    )
    weight = torch.cat(
        [
            fusion.weight["movie:text"].T,
            fusion.weight["movie:image"].T,
            fusion.missing["movie:image"][None],
        ]
    )
    assert_near(found["movie"], whole @ weight + fusion.bias["movie:"], 1e-13)
    text = graph["director"].x_text @ fusion.weight["director:text"].T
    assert_near(found["director"], text + fusion.bias["director:"], 1e-13)
    # A type without features has the bias alone, one row a node.
    assert torch.equal(found["actor"], fusion.bias["actor:"].expand(20, 5))


@pytest.mark.parametrize("value", [0.0, 1e6, float("nan"), float("inf")])
def test_values_of_missing_modalities_never_matter(value):
    graph, other = small_graph(dtype=torch.float64), small_graph(dtype=torch.float64)
    other["movie"].x_image[~other["movie"].has_image] = value
    (fusion, found), (twin, same) = fused(graph), fused(other)
    assert torch.equal(found["movie"], same["movie"])
    found["movie"].square().sum().backward()
    same["movie"].square().sum().backward()
    for mine, theirs in zip(fusion.parameters(), twin.parameters(), strict=True):
        assert (mine.grad is None) == (theirs.grad is None)
        if mine.grad is not None:
            assert bool(torch.isfinite(mine.grad).all())
            assert torch.equal(mine.grad, theirs.grad)


def test_rows_pick_target_nodes_alone():
    graph = small_graph()
    rows = torch.tensor([3, 1])
    found = type_inputs(graph, GraphSchema.of(graph), rows)
    assert torch.equal(found["movie"]["text"][0], graph["movie"].x_text[rows].double())
    assert torch.equal(found["movie"]["image"][1], graph["movie"].has_image[rows])
    assert torch.equal(found["director"]["text"][0], graph["director"].x_text.double())


@pytest.mark.parametrize("dropped", ["columns", "entries"])
def test_dropout_acts_on_features_and_only_while_training(dropped):
    graph = small_graph(dtype=torch.float64)
    schema = GraphSchema.of(graph)
    modalities = {t: dict(m) for t, m in schema.modalities.items()}
    fusion = EarlyFusion(modalities, 4, 0.5, dropped)
    sizes = {t: graph[t].num_nodes for t in graph.node_types}
    inputs = type_inputs(graph, schema)
    fusion.eval()
    assert torch.equal(fusion(inputs, sizes)["movie"], fusion(inputs, sizes)["movie"])
    fusion.train()
    assert not torch.equal(fusion(inputs, sizes)["movie"], fusion(inputs, sizes)["movie"])


@pytest.mark.parametrize(("dropped", "patterns"), [("columns", 1), ("entries", 40)])
def test_columns_are_dropped_for_all_nodes_and_entries_for_each(dropped, patterns):
    graph = small_graph(text_width=20, dtype=torch.float64)
    graph["movie"].x_text = torch.ones(40, 20)
    fusion = EarlyFusion({"movie": {"text": 20}}, 20, 0.5, dropped)
    fusion.weight["movie:text"].data = torch.eye(20)
    inputs = {"movie": {"text": (graph["movie"].x_text, torch.ones(40, dtype=torch.bool))}}
    found = fusion(inputs, {"movie": 40})["movie"].detach()
    assert len(found.unique(dim=0)) == patterns
    assert set(found.flatten().tolist()) == {0.0, 2.0}  # What stays is scaled up.
    assert bool((inputs["movie"]["text"][0] == 1).all())
