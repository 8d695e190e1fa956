"""Leaves merged by their parents: means, members and weights, against a count by hand."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from condense.data.graph import MultimodalGraph
from condense.selection.merged_leaves import Neighbours, divided, merged, with_merged_leaves
from tests.support.graphs import small_graph

CAST, BACK = ("film", "cast", "actor"), ("actor", "plays", "film")
EDGES = {0: [0, 1], 1: [0, 1], 2: [1, 2, 3], 3: [4], 4: [5]}
"""The actors of five films; there are eight."""


def films() -> MultimodalGraph:
    """Films 0 and 1 have the same actors; film 2 has actor 3 twice over; actors 6 and 7 have no film."""
    graph = MultimodalGraph()
    graph["film"].num_nodes, graph["actor"].num_nodes = 5, 8
    graph["film"].y = torch.arange(5) % 2
    graph["actor"].x_text = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    graph["actor"].x_image = torch.arange(8.0).unsqueeze(1)
    graph["actor"].has_image = torch.arange(8) != 1
    edges = torch.tensor([(f, a) for f, actors in EDGES.items() for a in actors]).T
    weight = torch.where((edges[0] == 2) & (edges[1] == 3), 2.0, 1.0)
    graph[CAST].edge_index, graph[CAST].edge_weight = edges, weight
    graph[BACK].edge_index, graph[BACK].edge_weight = edges.flip(0), weight
    graph.target, graph.num_classes, graph.name, graph.source = "film", 2, "films", "simulated"
    return graph


def merge(chosen: list[int], count: int) -> MultimodalGraph:
    spare = torch.tensor([7, 6, 5, 4, 3, 2, 1, 0])
    rng = torch.Generator().manual_seed(0)
    return with_merged_leaves(films(), "actor", {"film": torch.tensor(chosen)}, count, spare, rng)


def test_films_with_the_same_actors_share_their_mean():
    small, x = merge([2, 1, 0], 2), films()["actor"].x_text
    means = torch.stack([x[[0, 1]].mean(0), x[[1, 2, 3]].mean(0)])
    order = [0, 1] if torch.allclose(small["actor"].x_text[0], means[0]) else [1, 0]
    torch.testing.assert_close(small["actor"].x_text[order], means)
    # Actor 1 has no image.
    torch.testing.assert_close(small["actor"].x_image[order].flatten(), torch.tensor([0.0, 2.5]))
    assert small["actor"].node_weight[order].tolist() == [2, 3]
    place = dict(zip(order, (0, 1), strict=True))
    edges = zip(small[CAST].edge_index.T.tolist(), small[CAST].edge_weight.tolist(), strict=True)
    assert {(f, place[a]): w for (f, a), w in edges} == {(0, 0): 2, (1, 0): 2, (2, 1): 4}
    assert torch.equal(
        small[BACK].edge_index.flip(0).sort().values, small[CAST].edge_index.sort().values
    )


def test_alike_means_are_merged_where_there_are_more_than_asked_for():
    small = merge([0, 2, 3, 4], 3)
    assert small["actor"].num_nodes == 3
    assert int(small["actor"].node_weight.sum()) >= 6  # An actor of two merged films counts once.
    assert float(small[CAST].edge_weight.sum()) == 2 + 4 + 1 + 1
    assert len(small[CAST].edge_index[0].unique()) == 4


def test_leaves_are_divided_where_there_is_room():
    small = merge([1, 2], 4)
    assert sorted(small["actor"].node_weight.tolist()) == [1, 1, 1, 2]
    degree = torch.zeros(5).index_add_(0, small[CAST].edge_index[0], small[CAST].edge_weight)
    assert degree.tolist() == [0, 2, 4, 0, 0]


def test_leaves_alone_are_followed_by_spare_ones_without_edges():
    small, x = merge([3], 3), films()["actor"].x_text
    torch.testing.assert_close(small["actor"].x_text, x[[4, 7, 6]])
    assert small[CAST].edge_index.T.tolist() == [[3, 0]]


def test_nothing_is_left_of_a_graph_in_which_nobody_has_neighbours():
    graph = films()
    for relation in graph.edge_types:
        graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
        graph[relation].edge_weight = torch.zeros(0)
    some = torch.tensor([3, 0, 1, 2, 4, 5, 6, 7])
    rng = torch.Generator()
    small = with_merged_leaves(graph, "actor", {"film": torch.tensor([0])}, 2, some, rng)
    torch.testing.assert_close(small["actor"].x_text, graph["actor"].x_text[[3, 0]])


@given(st.lists(st.integers(1, 6), max_size=6), st.integers(0, 20))
def test_parts_go_to_the_group_with_the_most_members_a_part(size, more):
    expected = [1] * len(size)
    for _ in range(more):
        open_groups = [g for g in range(len(size)) if expected[g] < size[g]]
        if open_groups:
            expected[max(open_groups, key=lambda g: size[g] / expected[g])] += 1
    assert divided(torch.tensor(size, dtype=torch.long), more).tolist() == expected


@pytest.mark.parametrize("count", [1, 3, 8, 20, 60, 200])
def test_every_mean_has_members_and_films_with_the_same_actors_the_same_means(count):
    graph = small_graph(num_target=80)
    chosen = {"movie": torch.arange(30)}
    near = Neighbours.of(graph, "actor", chosen)
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(1))[near.leaf]
    into = merged(near, x, count, torch.Generator().manual_seed(0))
    used = sorted(set(into.tolist()))
    assert used == list(range(len(used)))
    actors: dict[int, tuple[int, ...]] = {}
    means: dict[tuple[int, ...], set[int]] = {}
    for parent, leaf, mean in zip(
        near.parent.tolist(), near.leaf.tolist(), into.tolist(), strict=True
    ):
        actors[parent] = (*actors.get(parent, ()), leaf)
        means.setdefault((parent, leaf), set()).add(mean)
    assert max(len(each) for each in means.values()) == 1
    pairs = sum(len(each) for each in set(actors.values()))
    assert len(used) == min(count, pairs)
    assert Counter(near.parent.tolist()) == {p: len(each) for p, each in actors.items()}
