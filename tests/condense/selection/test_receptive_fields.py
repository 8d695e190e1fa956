"""Receptive fields, their likeness and their covering, against sets and dense products."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from condense.selection.receptive_fields import (
    best_covering,
    cover,
    receptive_fields,
    similarities,
)
from models.propagation.metapaths import endpoint
from tests.support.graphs import small_graph


def sets_of(field) -> list[set[int]]:
    dense = field.toarray()
    return [set(row.nonzero()[0].tolist()) for row in dense]


def test_fields_are_where_products_of_dense_adjacencies_are_not_zero():
    graph, rows = small_graph(), torch.tensor([5, 0, 7])
    dense = {}
    for relation in graph.edge_types:
        shape = (int(graph[relation[2]].num_nodes), int(graph[relation[0]].num_nodes))
        dense[relation] = torch.zeros(shape)
        dense[relation][tuple(graph[relation].edge_index.flip(0))] = 1
    fields = receptive_fields(graph, 3, rows)
    assert len(fields) == 2 + 2 + 4  # Directors and actors lead to films alone.
    for path, field in fields.items():
        product = dense[path[0]][rows]
        for relation in path[1:]:
            product = product @ dense[relation]
        np.testing.assert_array_equal(field.toarray(), product.numpy() > 0)


def test_only_paths_to_the_types_asked_for():
    fields = receptive_fields(small_graph(), 3, torch.arange(4), ["actor"])
    assert {endpoint(path, "movie") for path in fields} == {"actor"}
    assert sorted(len(path) for path in fields) == [1, 3, 3]


def test_likeness_is_the_mean_jaccard_index_with_other_paths_to_the_same_type():
    graph = small_graph()
    fields = receptive_fields(graph, 3, torch.arange(40))
    sets = {path: sets_of(field) for path, field in fields.items()}
    found = similarities(fields, "movie")
    for p, mine in sets.items():
        rivals = [q for q in sets if q != p and endpoint(q, "movie") == endpoint(p, "movie")]
        for v in range(40):
            each = [len(mine[v] & sets[q][v]) / len(mine[v] | sets[q][v]) for q in rivals]
            assert found[p][v] == pytest.approx(np.mean(each))


def test_empty_fields_are_alike_and_a_lonely_path_is_like_none():
    one = ("movie", "a", "movie")
    empty, full = (sp.csr_array(np.full((2, 2), value)) for value in (False, True))
    pair = {(one,): empty, (("movie", "b", "movie"),): empty}
    assert [x.tolist() for x in similarities(pair, "movie").values()] == [[1, 1], [1, 1]]
    assert similarities({(one,): full}, "movie")[one,].tolist() == [0, 0]


def greedy(fields: list[set[int]], bonus: list[float], count: int) -> tuple[list[int], list[float]]:
    """FreeHGC's rule as it is written, set by set."""
    union: set[int] = set()
    picked, worth = [], []
    for _ in range(count):
        scores = {
            v: (len(union | fields[v]) - len(union)) / (len(union) + 0.1) + bonus[v]
            for v in range(len(fields))
            if v not in picked
        }
        best = max(scores, key=lambda v: scores[v])
        picked.append(best)
        worth.append(scores[best])
        union |= fields[best]
    return picked, worth


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 0.05, 1.0]),
)
def test_covering_is_the_greedy_one(seed, rows, density, weight):
    rng = np.random.default_rng(seed)
    field = sp.csr_array(rng.random((rows, 9)) < density)
    bonus = weight * rng.random(rows)
    count = int(rng.integers(1, rows + 1))
    picked, worth = cover(field, bonus, count)
    expected = greedy(sets_of(field), bonus.tolist(), count)
    assert picked.tolist() == expected[0]
    np.testing.assert_allclose(worth, expected[1])


def test_the_best_have_the_greatest_sums_over_fields():
    rng = np.random.default_rng(0)
    fields = [sp.csr_array(rng.random((12, 20)) < 0.2) for _ in range(3)]
    bonuses = [rng.random(12) for _ in range(3)]
    total: dict[int, float] = {}
    for field, bonus in zip(fields, bonuses, strict=True):
        for v, worth in zip(*greedy(sets_of(field), bonus.tolist(), 4), strict=True):
            total[v] = total.get(v, 0.0) + worth
    expected = sorted(total, key=lambda v: -total[v])[:4]
    assert best_covering(fields, bonuses, 4, 12).tolist() == expected


def test_without_meta_paths_the_first_rows_are_taken():
    assert best_covering([], [], 2, 5).tolist() == [0, 1]
