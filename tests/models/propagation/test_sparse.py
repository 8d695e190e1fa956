"""Sparse adjacencies and their products against dense ones."""

from __future__ import annotations

import pytest
import torch

from models.propagation.sparse import (
    SparseMap,
    adjacency,
    csr,
    edge_weights,
    mean_adjacency,
    product,
    row_starts,
    sampled_products,
    transpose,
)
from tests.support.dense import assert_near, averaging, multiplicities
from tests.support.graphs import small_graph

pytestmark = pytest.mark.usefixtures("double")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [None, [3, 0, 7], []])
def test_it_is_the_dense_average(weighted, rows):
    graph = small_graph(weighted=weighted, dtype=torch.float64)
    graph["actor"].num_nodes += 2  # Two actors without films.
    for relation in graph.edge_types:
        pick = None if rows is None else torch.tensor(rows, dtype=torch.long)
        expected = averaging(multiplicities(graph, relation))
        expected = expected if pick is None else expected[pick]
        got = mean_adjacency(graph, relation, pick).to_dense()
        assert got.shape == expected.shape
        assert torch.allclose(got, expected, rtol=1e-14, atol=0)


def test_repeated_edges_add_up_and_equal_their_weight():
    graph = small_graph(weighted=True, dtype=torch.float64)
    relation = ("movie", "features", "actor")
    weighted = mean_adjacency(graph, relation).to_dense()
    store = graph[relation]
    store.edge_index = store.edge_index.repeat_interleave(store.edge_weight.long(), dim=1)
    del store.edge_weight
    assert store.edge_index.size(1) > weighted.count_nonzero()
    assert torch.allclose(mean_adjacency(graph, relation).to_dense(), weighted, rtol=1e-14)


def test_no_edges():
    graph = small_graph()
    graph["movie", "features", "actor"].edge_index = torch.zeros(2, 0, dtype=torch.long)
    found = mean_adjacency(graph, ("movie", "features", "actor"))
    assert found.shape == (20, 40)
    assert not found.to_dense().any()


def test_weights_are_read_in_the_default_type():
    graph = small_graph(weighted=True, dtype=torch.float16)
    for relation in graph.edge_types:
        assert edge_weights(graph, relation).dtype == torch.float64


@pytest.mark.parametrize("weighted", [False, True])
def test_adjacency_counts_parallel_edges(weighted):
    graph = small_graph(num_target=12, weighted=weighted, dtype=torch.float64)
    for relation in graph.edge_types:
        store = graph[relation]
        store.edge_index = torch.cat([store.edge_index, store.edge_index[:, :5]], dim=1)
        if "edge_weight" in store:
            store.edge_weight = torch.cat([store.edge_weight, store.edge_weight[:5] + 1])
        found = adjacency(graph, relation)
        assert torch.equal(found.to_dense(), multiplicities(graph, relation))
        assert found.values().numel() < store.edge_index.size(1)


@pytest.mark.parametrize("build", [adjacency, mean_adjacency])
def test_map_multiplies_and_differentiates_as_the_dense_matrix(build):
    graph = small_graph(num_target=12, weighted=True, dtype=torch.float64)
    graph["actor"].num_nodes += 1  # A row or column of zeros.
    rng = torch.Generator().manual_seed(0)
    for relation in graph.edge_types:
        matrix = build(graph, relation)
        a, by = matrix.to_dense(), SparseMap(matrix)
        x = torch.randn(a.size(1), 3, generator=rng).requires_grad_()
        upstream = torch.randn(a.size(0), 3, generator=rng)
        assert_near((by @ x).detach(), a @ x.detach(), 1e-14)
        (slope,) = torch.autograd.grad(by @ x, x, upstream)
        assert_near(slope, a.T @ upstream, 1e-14)
        assert torch.autograd.gradcheck(lambda x, by=by: by @ x, (x,))
        assert torch.autograd.gradgradcheck(lambda x, by=by: (by @ x).square(), (x,))


def test_map_without_edges_gives_zeros():
    graph = small_graph(num_target=12)
    relation = ("movie", "features", "actor")
    graph[relation].edge_index = torch.zeros(2, 0, dtype=torch.long)
    x = torch.ones(12, 2, requires_grad=True)
    found = SparseMap(adjacency(graph, relation)) @ x
    assert found.shape == (6, 2)
    assert not found.any()
    assert not torch.autograd.grad(found.sum(), x)[0].any()


@pytest.fixture
def pattern():
    """A 0/1 matrix [5, 7] with an empty row, and a random generator."""
    rng = torch.Generator().manual_seed(0)
    there = torch.rand(5, 7, generator=rng) < 0.4
    there[2] = False
    return there, rng


def test_transpose_is_the_dense_one(pattern):
    there, rng = pattern
    a = there * torch.randn(5, 7, generator=rng)
    found = transpose(a.to_sparse_csr())
    assert found.layout == torch.sparse_csr
    assert torch.equal(found.to_dense(), a.T)
    assert bool((found.crow_indices().diff() == there.sum(dim=0)).all())


def test_sampled_products_are_entries_of_the_dense_product(pattern):
    there, rng = pattern
    rows, columns = there.nonzero().T
    u, v = torch.randn(5, 3, generator=rng), torch.randn(7, 3, generator=rng)
    found = sampled_products(row_starts(rows, 5), columns, u, v)
    assert_near(found, (u @ v.T)[there], 1e-14)


def test_product_with_learnt_values_is_differentiable_once(pattern):
    there, rng = pattern
    rows, columns = there.nonzero().T
    starts = row_starts(rows, 5)

    def apply(values, x):
        return product(
            x,
            lambda a: csr(starts, columns, a, (5, 7)),
            lambda a: transpose(csr(starts, columns, a, (5, 7))),
            values,
            lambda u, v: sampled_products(starts, columns, u, v),
        )

    values = torch.randn(len(rows), generator=rng).requires_grad_()
    x = torch.randn(7, 3, generator=rng).requires_grad_()
    assert torch.autograd.gradcheck(apply, (values, x))
    (slope,) = torch.autograd.grad(apply(values, x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
