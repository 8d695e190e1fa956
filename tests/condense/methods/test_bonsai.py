"""Bonsai against its definition in dense matrices, sets and networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from condense.budget import Budget, plan
from condense.data.graph import MultimodalGraph
from condense.errors import UserError
from condense.run import condense
from tests.support.graphs import small_graph

LINKS = ("item", "links", "item")


def items(seed: int, count: int = 108) -> MultimodalGraph:
    """Items of three uneven classes, two in three of them training nodes, joined mostly within a class."""
    rng = torch.Generator().manual_seed(seed)
    graph = MultimodalGraph()
    item, y = graph["item"], torch.tensor([0, 0, 0, 1, 1, 2]).repeat(count // 6)
    chance = torch.where(y[:, None] == y[None], 0.06, 0.01)
    joined = (torch.rand(count, count, generator=rng) < chance).triu(1)
    item.num_nodes, item.y = count, y
    item.x_text = torch.randn(count, 8, generator=rng) + torch.eye(3)[y] @ torch.ones(3, 8)
    item.x_text[:, :3] += 2 * torch.eye(3)[y]
    place = torch.arange(count) // 6 % 6
    item.train_mask, item.val_mask, item.test_mask = place < 4, place == 4, place == 5
    graph[LINKS].edge_index = (joined | joined.T).nonzero().T.contiguous()
    graph.target, graph.num_classes, graph.name, graph.source = "item", 3, "items", "simulated"
    return graph


def ranking(z: np.ndarray, k: int) -> list[int]:
    """Greedy coverage of reverse neighbours, by the definition."""
    distance = np.linalg.norm(z[:, None] - z[None], axis=2)
    near = [set(row.argsort()[:k].tolist()) for row in distance]
    reverse = [{v for v in range(len(z)) if q in near[v]} for q in range(len(z))]
    order: list[int] = []
    covered: set[int] = set()
    while len(order) < len(z):
        rest = [q for q in range(len(z)) if q not in order]
        if not any(reverse[q] - covered for q in rest):
            covered = set()
        order.append(max(rest, key=lambda q: len(reverse[q] - covered)))
        covered |= reverse[order[-1]]
    return order


def by_definition(
    graph: MultimodalGraph, budget: Budget, hops: int, k: int, surplus: float, restart: float
) -> set[int]:
    item, count = graph["item"], int(graph["item"].num_nodes)
    a = np.zeros((count, count))
    a[tuple(graph[LINKS].edge_index.numpy())] = 1
    looped = np.eye(count) + a
    inverse = np.diag(1 / looped.sum(axis=1))
    x = item.x_text.double().numpy()
    x = x - x.mean(axis=0)
    z = np.linalg.matrix_power(inverse @ looped @ inverse, hops) @ (x / np.sqrt((x**2).mean()))
    train = item.train_mask.nonzero().flatten().numpy()
    ranked = [int(train[i]) for i in ranking(z[train], k)]
    whole, wanted = nx.from_numpy_array(a), sum(budget.classes)
    balls = [set(nx.single_source_shortest_path_length(whole, r, hops)) for r in ranked]
    fitting = [
        t
        for t in range(wanted, len(ranked) + 1)
        if t == wanted or len(set.union(*balls[:t]) & set(ranked)) <= surplus * wanted
    ]
    trees = max(fitting)
    part = whole.subgraph(set.union(*balls[:trees]))
    score = nx.pagerank(
        part, 1 - restart, dict.fromkeys(ranked[:trees], 1), max_iter=1000, tol=1e-12
    )
    core = sorted(set(part) & set(ranked), key=lambda v: -score[v])[:wanted]
    kept: set[int] = set()
    for c, most in enumerate(budget.classes):
        queue = [v for v in ranked if v in core] + [v for v in ranked if v not in core]
        kept |= set([v for v in queue if int(item.y[v]) == c][:most])
    return kept


@pytest.mark.parametrize(
    ("hops", "k", "surplus", "restart"),
    [(1, 5, 10, 0.15), (1, 3, 2, 0.15), (2, 4, 1.5, 0.5), (1, 200, 1, 0.3), (1, 5, 3, 0.9)],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_keeps_the_nodes_of_the_definition(seed, hops, k, surplus, restart):
    graph = items(seed)
    budget = plan(graph, 0.15)
    chosen = {
        "hops": hops, "neighbours": k, "surplus": surplus, "restart": restart, "columns": "all",
    }  # fmt: skip
    small = condense(graph, budget, "bonsai", chosen, device="cpu").graph
    # Fewer neighbours than asked for if there are fewer training nodes.
    expected = by_definition(graph, budget, hops, min(k, 72), surplus, restart)
    assert set(small["item"].origin.tolist()) == expected


def test_edges_are_the_induced_ones():
    graph = items(0)
    small = condense(graph, plan(graph, 0.3, edge_ratio=1.0), "bonsai", device="cpu").graph
    origin = small["item"].origin
    src, dst = graph[LINKS].edge_index
    inside = torch.isin(src, origin) & torch.isin(dst, origin)
    expected = set(zip(src[inside].tolist(), dst[inside].tolist(), strict=True))
    assert expected
    assert {tuple(e) for e in origin[small[LINKS].edge_index].T.tolist()} == expected


def test_measures_say_what_is_covered():
    graph = items(0)
    budget = plan(graph, 0.15)
    made = condense(graph, budget, "bonsai", {"columns": "all"}, device="cpu")
    assert sum(budget.classes) <= made.provenance.measures["trees"] <= 72
    assert 0.5 < made.provenance.measures["coverage"] < 1
    all_of_them = condense(graph, plan(graph, 1.0, "train"), "bonsai", device="cpu")
    assert all_of_them.provenance.measures == {
        **all_of_them.provenance.measures, "trees": 72, "coverage": 1.0,
    }  # fmt: skip


def test_trees_are_compared_where_classes_split():
    """One column tells the classes apart, so the others, far wider, leave the comparison."""
    graph, alone = items(0), items(0)
    for one in (graph, alone):
        one[LINKS].edge_index = one[LINKS].edge_index[:, :0]
    rng = torch.Generator().manual_seed(1)
    told = graph["item"].y + 0.3 * torch.rand(108, generator=rng)
    graph["item"].x_text = torch.cat([told[:, None], 9 * torch.randn(108, 7, generator=rng)], dim=1)
    alone["item"].x_text = told[:, None]
    kept = [
        condense(one, plan(one, 0.15), "bonsai", {"columns": columns}, device="cpu")
        .graph["item"]
        .origin.tolist()
        for one, columns in ((graph, "split"), (alone, "all"), (graph, "all"))
    ]
    assert kept[0] == kept[1] != kept[2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hops": 0}, "hops (got 0)"),
        ({"neighbours": 0}, "neighbours (got 0)"),
        ({"columns": "tree"}, "columns (got 'tree')"),
        ({"sample": 0.0}, "sample (got 0.0)"),
        ({"surplus": 0.5}, "surplus (got 0.5)"),
        ({"restart": 1.0}, "restart (got 1.0)"),
        ({"restart": 0.0}, "restart (got 0.0)"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    graph = small_graph()
    with pytest.raises(UserError) as caught:
        condense(graph, plan(graph, 0.2), "bonsai", settings, device="cpu")
    assert message in str(caught.value)
