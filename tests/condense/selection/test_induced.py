"""Edges dropped to keep a budget; nodes of other types chosen for being neighbours."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
import torch

from condense.budget import plan
from condense.data.graph import MultimodalGraph
from condense.selection.induced import induced_subgraph, subgraph_around, with_neighbours
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


def test_parallel_edges_are_one_pair_with_their_number_as_weight():
    """Each edge written twice is the same graph as weights of 2, within the same budget."""
    doubled, weighted = small_graph(num_target=60), small_graph(num_target=60)
    for relation in weighted.edge_types:
        index = weighted[relation].edge_index
        weighted[relation].edge_weight = torch.full((index.size(1),), 2.0)
        doubled[relation].edge_index = index.repeat(1, 2)
    small = []
    for graph in (doubled, weighted):
        budget = plan(graph, 0.5)
        targets = torch.arange(budget.nodes["movie"])
        chosen = with_neighbours(graph, targets, budget, torch.Generator().manual_seed(0))
        rich = dataclasses.replace(budget, edges=dict.fromkeys(budget.edges, 10**6))
        small.append(induced_subgraph(graph, chosen, rich, torch.Generator().manual_seed(0)))
    for relation in small[0].edge_types:
        one, other = (
            torch.sparse_coo_tensor(g[relation].edge_index, g[relation].edge_weight).coalesce()
            for g in small
        )
        assert torch.equal(one.indices(), other.indices())
        assert torch.equal(one.values(), other.values())
