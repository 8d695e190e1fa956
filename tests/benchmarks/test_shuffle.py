"""Shuffling keeps every degree, every weight at its destination, and what mirrors what."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from benchmarks.shuffle import shuffle_edges
from condense.data.graph import MultimodalGraph
from condense.data.relations import reverses
from tests.support.graphs import small_graph

DIRECTED, PAIRED = ("n", "to", "n"), ("n", "like", "n")


def shuffled(graph: MultimodalGraph, seed: int = 0) -> MultimodalGraph:
    return shuffle_edges(graph, torch.Generator().manual_seed(seed))


def one_type(seed: int = 0, n: int = 30) -> MultimodalGraph:
    """Random directed edges with loops, and a symmetric relation with loops; each edge its own weight."""
    rng = torch.Generator().manual_seed(seed)
    graph = MultimodalGraph()
    graph["n"].num_nodes = n
    directed = torch.rand(n, n, generator=rng) < 0.15
    paired = torch.rand(n, n, generator=rng) < 0.06
    for relation, matrix in ((DIRECTED, directed), (PAIRED, paired | paired.T)):
        edges = matrix.nonzero().T
        order = torch.randperm(edges.size(1), generator=rng)  # Mirrored edges stand anywhere.
        graph[relation].edge_index = edges[:, order]
        graph[relation].edge_weight = torch.rand(edges.size(1), generator=rng) + 0.1
    return graph


def pairs(graph: MultimodalGraph, relation: tuple[str, str, str]) -> Counter:
    return Counter(map(tuple, graph[relation].edge_index.T.tolist()))


@pytest.mark.parametrize("graph", [small_graph(weighted=True), one_type()], ids=["types", "one"])
@pytest.mark.parametrize("seed", range(3))
def test_degrees_weights_and_the_number_of_edges_stay(graph: MultimodalGraph, seed: int) -> None:
    other = shuffled(graph, seed)
    for relation in graph.edge_types:
        before, after = graph[relation].edge_index, other[relation].edge_index
        assert torch.equal(before[0].sort().values, after[0].sort().values)
        assert torch.equal(before[1], after[1])
        if "edge_weight" in graph[relation]:
            assert torch.equal(graph[relation].edge_weight, other[relation].edge_weight)
        assert max(pairs(other, relation).values()) == 1
        loops = {n for n, m in pairs(graph, relation) if relation[0] == relation[2] and n == m}
        assert {
            n for n, m in pairs(other, relation) if relation[0] == relation[2] and n == m
        } == loops


@pytest.mark.parametrize("seed", range(3))
def test_mirrored_pairs_stay_mirrored(seed: int) -> None:
    graph = small_graph()
    # As in a condensed graph: the same pairs, other weights on either side.
    edges = graph["movie", "features", "actor"].edge_index.size(1)
    graph["movie", "features", "actor"].edge_weight = torch.rand(edges)
    graph["actor", "rev_features", "movie"].edge_weight = torch.rand(edges)
    assert ("movie", "features", "actor") not in reverses(graph)
    order = torch.randperm(edges)
    for key in ("edge_index", "edge_weight"):
        store = graph["actor", "rev_features", "movie"]
        store[key] = store[key][..., order]
    other = shuffled(graph, seed)
    for there, back in (
        (("movie", "features", "actor"), ("actor", "rev_features", "movie")),
        (("movie", "directed_by", "director"), ("director", "rev_directed_by", "movie")),
    ):
        turned = Counter((b, a) for a, b in pairs(other, back).elements())
        assert pairs(other, there) == turned
    like = shuffled(one_type(seed), seed)
    assert pairs(like, PAIRED) == Counter((b, a) for a, b in pairs(like, PAIRED).elements())
    assert pairs(like, DIRECTED) != Counter((b, a) for a, b in pairs(like, DIRECTED).elements())


def test_each_side_keeps_its_weight_at_the_end_that_moves_with_it() -> None:
    """Two pairs 0–1 and 2–3 can only become 0–3, 2–1 or 0–2, 1–3; weights name their destination."""
    graph = MultimodalGraph()
    graph["n"].num_nodes = 4
    graph[PAIRED].edge_index = torch.tensor([[0, 1, 2, 3], [1, 0, 3, 2]])
    graph[PAIRED].edge_weight = graph[PAIRED].edge_index[1].float()
    found = set()
    for seed in range(20):
        other = shuffled(graph, seed)
        assert torch.equal(other[PAIRED].edge_weight, other[PAIRED].edge_index[1].float())
        found.add(frozenset(map(frozenset, pairs(other, PAIRED))))
    assert found == {
        frozenset({frozenset({0, 1}), frozenset({2, 3})}),
        frozenset({frozenset({0, 3}), frozenset({1, 2})}),
        frozenset({frozenset({0, 2}), frozenset({1, 3})}),
    }


@pytest.mark.parametrize("relation", [DIRECTED, PAIRED])
def test_few_edges_stay_in_place(relation: tuple[str, str, str]) -> None:
    graph = one_type(n=60)
    kept = (pairs(graph, relation) & pairs(shuffled(graph), relation)).total()
    assert kept < 0.4 * pairs(graph, relation).total()


def test_the_graph_is_not_changed_and_a_generator_fixes_the_result() -> None:
    graph, untouched = one_type(), one_type()
    one, other = shuffled(graph, 3), shuffled(graph, 3)
    for relation in graph.edge_types:
        assert torch.equal(graph[relation].edge_index, untouched[relation].edge_index)
        assert torch.equal(one[relation].edge_index, other[relation].edge_index)
    assert pairs(one, DIRECTED) != pairs(shuffled(graph, 4), DIRECTED)


def test_where_nothing_can_be_swapped_nothing_is() -> None:
    graph = MultimodalGraph()
    graph["n"].num_nodes = graph["m"].num_nodes = 3
    graph["n", "none", "m"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    graph["n", "one", "n"].edge_index = torch.tensor([[0], [1]])
    graph["n", "all", "m"].edge_index = torch.ones(3, 3).nonzero().T
    other = shuffled(graph)
    for relation in graph.edge_types:
        assert pairs(other, relation) == pairs(graph, relation)
