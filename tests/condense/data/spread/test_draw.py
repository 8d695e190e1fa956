"""Drawn graphs: exactly by hand where nothing is random, and their moments where something is."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch

from condense.data.spread import draw
from condense.data.spread.draw import MOST_NEIGHBOURS, hosts
from condense.data.training_inputs import training_nodes
from tests.support.spreads import BACK, CITES, WRITES, graph_with_spread


def drawn(graph, seed=0, neighbours=True):
    return draw(graph, graph.spread, torch.Generator().manual_seed(seed), neighbours)


def test_without_noise_every_number_follows() -> None:
    small = drawn(graph_with_spread())
    # Papers 0 and 1, who cites each, and what else their authors wrote.
    assert small["paper"].x_text.tolist() == [
        [0, 0], [1, -1], [100, 100.5], [101, 100.5], [100, 100], [102, 102],
    ]  # fmt: skip
    assert small["paper"].x_size.flatten().tolist() == [0, 10, 7, 7, 7, 7]
    assert small["author"].x_text.tolist() == [[200.5, 200], [200.5, 201]]
    assert small["paper"].y.tolist() == [0, 1, -1, -1, -1, -1]
    assert "y_soft" not in small["paper"]
    assert small[WRITES].edge_index.tolist() == [[0, 1, 1, 0], [0, 1, 2, 3]]
    assert small[BACK].edge_index.tolist() == [[4, 5], [0, 1]]
    # The host of paper 0's neighbour is paper 1, so it is joined to what cites paper 1, and the reverse.
    assert small[CITES].edge_index.tolist() == [[2, 3, 3, 2], [0, 1, 2, 3]]
    for relation in (CITES, WRITES, BACK):
        assert (small[relation].edge_weight == 1).all()
    assert (small.target, small.num_classes, small.name) == ("paper", 2, "papers")
    assert "spread" not in small._global_store


def test_without_neighbours_the_nodes_alone_are_drawn() -> None:
    graph = graph_with_spread(6, factor=torch.ones(1, 9), has=torch.full((6, 2), 0.5))
    small = drawn(graph, neighbours=False)
    assert small["paper"].num_nodes == 6
    assert small["author"].num_nodes == 0
    assert small["author"].x_text.shape == (0, 2)
    assert all(small[relation].edge_index.shape == (2, 0) for relation in small.edge_types)
    assert small["paper"].y.tolist() == [0, 1, 0, 1, 0, 1]
    with_all = drawn(graph)
    for key in ("x_text", "x_size"):
        assert torch.equal(small["paper"][key], with_all["paper"][key][:6])


def test_nothing_stands_where_nobody_has_neighbours() -> None:
    present = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    small = drawn(graph_with_spread(present=present, has=torch.tensor([[1.0, 0.0], [1.0, 1.0]])))
    assert small["paper"].num_nodes == 3
    assert small["author"].num_nodes == 1
    assert small[CITES].edge_index.tolist() == [
        [2],
        [1],
    ]  # Nothing stands around its host, paper 0 …
    assert small[WRITES].edge_index.tolist() == [[0, 0], [0, 2]]  # … but an author.
    assert small[BACK].edge_index.shape == (2, 0)
    assert small["paper"].has_size.tolist() == [False, True, True]
    assert "has_text" not in small["paper"]


def test_the_seed_decides_and_the_graph_stays() -> None:
    graph = graph_with_spread(4, rest=torch.ones(9), present=torch.full((4, 3), 0.5))
    before = copy.deepcopy(graph)
    first, again, other = drawn(graph), drawn(graph), drawn(graph, 1)
    assert torch.equal(first["paper"].x_text, again["paper"].x_text)
    assert first["paper"].num_nodes != other["paper"].num_nodes or not torch.equal(
        first["paper"].x_text, other["paper"].x_text
    )
    assert torch.equal(before["paper"].x_text, graph["paper"].x_text)
    assert "x_text" in first["author"]


def test_a_node_and_its_neighbourhood_vary_together() -> None:
    """Of many equal nodes: covariance FᵀF + diag(rest²) of own features and mean neighbours alike."""
    n, generator = 40_000, torch.Generator().manual_seed(0)
    factor, rest = torch.randn(2, 9, generator=generator), torch.rand(9, generator=generator)
    graph = graph_with_spread(n, code=torch.zeros(n, 1), factor=factor, rest=rest)
    graph["paper"].x_text.zero_()
    graph["paper"].x_size.zero_()
    small = drawn(graph)
    paper, author = small["paper"], small["author"]
    own = torch.cat([paper.x_text[:n], paper.x_size[:n]], dim=1)
    cited, others = paper.x_text[n : 2 * n] - 100, paper.x_text[2 * n :] - 100
    together = torch.cat([own, cited, author.x_text - 200, others], dim=1)
    expected = factor.T @ factor + rest.square().diag()
    assert torch.allclose(torch.cov(together.T), expected, atol=0.15)
    assert torch.allclose(
        together.mean(dim=0), torch.tensor([0, 0, 0, 0, 0.5, 0.5, 0, 0, 0]), atol=0.05
    )


def test_neighbours_differ_around_their_mean() -> None:
    """Three neighbours of each: their mean is the mean neighbour, their covariance 2/3 of the stated one."""
    n = 20_000
    graph = graph_with_spread(n, code=torch.zeros(n, 1), degree=torch.full((n, 3), 6.0))
    differ = torch.tensor([[1.0, 0.5], [0.0, 2.0]])
    papers = dataclasses.replace(
        graph.spread.bases[0], differ=differ, apart=torch.tensor([0.0, 0.0, 3.0])
    )
    graph.spread = dataclasses.replace(graph.spread, bases=(papers, graph.spread.bases[1]))
    small = drawn(graph)
    cites = small[CITES]
    to_targets = cites.edge_index[1] < n
    src, dst = cites.edge_index[:, to_targets]
    assert torch.bincount(dst).tolist() == [MOST_NEIGHBOURS] * n
    weight = torch.zeros(n).index_add_(0, dst, cites.edge_weight[to_targets])
    assert torch.allclose(weight, torch.full((n,), 6.0))
    x = torch.cat([small["paper"].x_text, small["paper"].x_size], dim=1)[src]
    mean = torch.zeros(n, 3).index_add_(0, dst, x) / MOST_NEIGHBOURS
    assert torch.allclose(mean, torch.tensor([100.0, 100.5, 7.0]), atol=1e-3)
    expected = torch.zeros(3, 3)
    expected[:2, :2], expected[2, 2] = differ.T @ differ, 9
    assert torch.allclose(torch.cov(x.T), expected * 2 / 3, atol=0.1)


def test_hosts_are_drawn_in_proportion_to_weights() -> None:
    graph = graph_with_spread(3)
    graph[CITES].edge_index = torch.tensor([[0, 1, 2], [1, 1, 1]])
    graph[CITES].edge_weight = torch.tensor([1.0, 2.0, 5.0])
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([hosts(graph, CITES, 3, generator) for _ in range(4000)])
    assert (
        draws[:, [0, 2]] == torch.tensor([0, 2])
    ).all()  # They have no neighbour but themselves.
    share = torch.bincount(draws[:, 1], minlength=3) / len(draws)
    assert torch.allclose(share, torch.tensor([1, 2, 5]) / 8, atol=0.03)


@pytest.mark.parametrize("neighbours", [True, False])
def test_soft_labels_of_targets_are_kept(neighbours: bool) -> None:
    graph = graph_with_spread()
    graph["paper"].y_soft = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    small = drawn(graph, neighbours=neighbours)
    soft = small["paper"].y_soft
    assert torch.equal(soft[:2], graph["paper"].y_soft)
    assert soft[2:].tolist() == [[0.5, 0.5]] * (4 if neighbours else 0)
    assert small["paper"].y[:2].tolist() == [0, 1]
    _, labels, _ = training_nodes(small)
    assert torch.equal(labels, graph["paper"].y_soft)


def test_scaling_and_drawing_commute() -> None:
    """A spread in scaled units gives the scaled draw."""
    graph = graph_with_spread(5, factor=torch.ones(1, 9), rest=torch.ones(9))
    mean = {"paper": torch.tensor([1.0, 2.0, 3.0]), "author": torch.tensor([4.0, 5.0])}
    scale = {"paper": torch.tensor([2.0, 2.0, 5.0]), "author": torch.tensor([3.0, 3.0])}
    plain, scaled = drawn(graph), copy.deepcopy(graph)
    scaled["paper"].x_text = (scaled["paper"].x_text - mean["paper"][:2]) / 2
    scaled["paper"].x_size = (scaled["paper"].x_size - 3) / 5
    scaled.spread = graph.spread.scaled("paper", mean, scale)
    result = drawn(scaled)
    assert torch.allclose(
        result["paper"].x_text, (plain["paper"].x_text - mean["paper"][:2]) / 2, atol=1e-4
    )
    assert torch.allclose(result["paper"].x_size, (plain["paper"].x_size - 3) / 5, atol=1e-4)
    assert torch.allclose(
        result["author"].x_text, (plain["author"].x_text - mean["author"]) / 3, atol=1e-4
    )
    assert torch.equal(result[CITES].edge_index, plain[CITES].edge_index)


def test_half_precision_where_it_suffices() -> None:
    spread = graph_with_spread(3, rest=torch.full((9,), 1e6), code=torch.ones(3, 1) / 3).spread
    half = spread.halved()
    assert half.rest.dtype == torch.float32
    assert half.code.dtype == torch.float16
    assert half.num_bytes() == sum(
        x.numel() * (4 if name == "rest" else 2) for name, x in spread.arrays()
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_draws_have_torchs_default_type(dtype: torch.dtype) -> None:
    graph, before = graph_with_spread(), torch.get_default_dtype()
    graph.spread = graph.spread.halved()
    torch.set_default_dtype(dtype)
    try:
        small = drawn(graph)
    finally:
        torch.set_default_dtype(before)
    assert small["paper"].x_text.dtype == small[CITES].edge_weight.dtype == dtype


def test_outliers_keep_a_matrix_in_float16() -> None:
    generator = torch.Generator().manual_seed(0)
    code = torch.randn(5000, 1, generator=generator)
    spread = graph_with_spread(5000, code=code).spread
    assert spread.in_eight_bits().code.dtype == torch.float32
    code[0] = 500.0
    assert graph_with_spread(5000, code=code).spread.in_eight_bits().code.dtype == torch.float16


def test_a_printed_graph_says_sizes_in_place_of_numbers() -> None:
    graph = graph_with_spread()
    assert "spread=Spread(places=3, factors=1, bases=2)" in str(graph)
    assert repr(graph.spread.bases[0]) == "FeatureBasis(2 of 3 dimensions)"
