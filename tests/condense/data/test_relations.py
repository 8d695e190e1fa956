"""Mirrored relations are found by their edges."""

from __future__ import annotations

import torch

from condense.data.graph import MultimodalGraph
from condense.data.relations import primary, reverses
from tests.support.graphs import small_graph


def joined(**relations):
    """Relations among 3 `a` and 4 `b`; each is (source, destination, edges)."""
    graph = MultimodalGraph()
    graph["a"].num_nodes, graph["b"].num_nodes = 3, 4
    for name, (source, destination, edges) in relations.items():
        index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).T
        graph[source, name, destination].edge_index = index
    return graph


def test_pairs_of_the_small_graph():
    graph = small_graph()
    mirror = reverses(graph)
    assert mirror["movie", "features", "actor"] == ("actor", "rev_features", "movie")
    assert mirror["actor", "rev_features", "movie"] == ("movie", "features", "actor")
    assert len(mirror) == 4
    assert primary(graph) == (("movie", "directed_by", "director"), ("movie", "features", "actor"))


def test_names_and_order_of_edges_carry_no_meaning():
    graph = joined(
        likes=("a", "b", [(0, 1), (2, 3), (0, 0)]), anything=("b", "a", [(0, 0), (3, 2), (1, 0)])
    )
    assert reverses(graph)["b", "anything", "a"] == ("a", "likes", "b")
    assert primary(graph) == (("a", "likes", "b"),)


def test_one_edge_less_or_another_end_is_no_mirror():
    for other in ([(0, 0), (3, 2)], [(0, 0), (3, 2), (1, 1)], [(0, 0), (0, 0), (3, 2), (1, 0)]):
        graph = joined(r=("a", "b", [(0, 1), (2, 3), (0, 0)]), s=("b", "a", other))
        assert reverses(graph) == {}
        assert len(primary(graph)) == 2


def test_symmetric_relation_mirrors_itself():
    graph = joined(knows=("a", "a", [(0, 1), (1, 0), (2, 2)]), follows=("a", "a", [(0, 1)]))
    assert reverses(graph) == {("a", "knows", "a"): ("a", "knows", "a")}
    assert primary(graph) == (("a", "knows", "a"), ("a", "follows", "a"))


def test_pair_within_one_type():
    graph = joined(cites=("a", "a", [(0, 1), (0, 2)]), cited=("a", "a", [(2, 0), (1, 0)]))
    assert primary(graph) == (("a", "cites", "a"),)
    assert reverses(graph)["a", "cited", "a"] == ("a", "cites", "a")


def test_equal_relations_pair_up_one_to_one():
    edges, turned = [(0, 1), (2, 3)], [(1, 0), (3, 2)]
    graph = joined(
        r=("a", "b", edges), s=("a", "b", edges), t=("b", "a", turned), u=("b", "a", turned)
    )
    mirror = reverses(graph)
    assert {mirror[r] for r in mirror} == set(graph.edge_types)
    assert all(mirror[mirror[r]] == r for r in mirror)
    assert len(primary(graph)) == 2


def test_empty_relations_have_no_mirror():
    graph = joined(r=("a", "b", []), s=("b", "a", []))
    assert reverses(graph) == {}
    assert len(primary(graph)) == 2


def test_opposite_edges_of_other_weights_are_no_mirror() -> None:
    graph = small_graph(weighted=True)
    relation = ("movie", "features", "actor")
    assert reverses(graph)[relation] == ("actor", "rev_features", "movie")
    graph[relation].edge_weight = graph[relation].edge_weight + 1
    assert relation not in reverses(graph)
