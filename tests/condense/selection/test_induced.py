"""Edges dropped to keep a budget; nodes of other types chosen for being neighbours."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.selection.induced import subgraph_around
from tests.support.graphs import small_graph

LIKE = ("item", "like", "item")


def undirected(loops: bool) -> MultimodalGraph:
    """Twelve items, each pair of different ones joined by chance and both ways; at will with loops."""
    rng = torch.Generator().manual_seed(0)
    joined = (torch.rand(12, 12, generator=rng) < 0.4).triu(1)
    joined = joined | joined.T | (torch.eye(12, dtype=torch.bool) & loops)
    graph = MultimodalGraph()
    item = graph["item"]
    item.num_nodes = 12
    item.x_text, item.y = torch.randn(12, 2, generator=rng), torch.arange(12) % 2
    item.train_mask = torch.ones(12, dtype=torch.bool)
    graph[LIKE].edge_index = joined.nonzero().T.contiguous()
    graph.target, graph.num_classes, graph.name, graph.source = "item", 2, "items", "simulated"
    return graph


@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize("edge_ratio", [0.02, 0.2, 0.35, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_a_symmetric_relation_stays_symmetric_under_its_budget(loops, edge_ratio, seed):
    graph = undirected(loops)
    budget = plan(graph, 1.0, "all", edge_ratio)
    rng = torch.Generator().manual_seed(seed)
    edges = subgraph_around(graph, torch.arange(12), budget, rng)[LIKE].edge_index
    found = Counter(map(tuple, edges.T.tolist()))
    assert found == Counter((j, i) for i, j in found.elements())
    assert found.keys() <= set(map(tuple, graph[LIKE].edge_index.T.tolist()))
    # At most the pair that did not fit is missing.
    assert budget.edges[LIKE] - 1 <= edges.size(1) <= budget.edges[LIKE]


def test_neighbours_of_the_chosen_films_come_first():
    graph = small_graph(num_target=60)
    films = torch.tensor([3, 8])
    budget = plan(graph, 0.2)
    small = subgraph_around(graph, films, budget, torch.Generator().manual_seed(0))
    for other, name in (("director", "directed_by"), ("actor", "features")):
        src, dst = graph["movie", name, other].edge_index
        near = set(dst[torch.isin(src, films)].tolist())
        chosen = small[other].origin.tolist()
        assert len(set(chosen)) == len(chosen) == budget.nodes[other]
        assert len(near & set(chosen)) == min(len(near), len(chosen))
