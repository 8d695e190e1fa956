"""Edges from adjacencies, compared with loops over the entries."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.foreign.edges import kept_edges


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 7), st.integers(0, 10**6), st.booleans(), st.booleans())
def test_edges_are_the_entries_above_the_threshold(
    n: int, seed: int, symmetric: bool, sparse: bool
) -> None:
    rng = torch.Generator().manual_seed(seed)
    a = torch.rand(n, n, generator=rng) - 0.3
    a[a.abs() < 0.1] = 0
    a = a + a.T if symmetric else a
    edges = kept_edges(a.to_sparse_coo() if sparse else a, 0.25)
    off = [(i, j, float(a[i, j])) for i in range(n) for j in range(n) if i != j]
    kept = {(j, i): v for i, j, v in off if v > 0.25}
    got = {(int(s), int(d)): float(w) for s, d, w in zip(*edges.index, edges.weight, strict=True)}
    assert got == kept
    mass = sum(abs(v) for _, _, v in off)
    assert edges.mass == pytest.approx(mass, abs=1e-6)
    lost = mass - sum(kept.values())
    assert edges.dropped == pytest.approx(lost / mass if mass else 0, abs=1e-6)
    assert edges.loops == sum(float(a[i, i]) != 0 for i in range(n))
    filled = [v for _, _, v in off if v]
    assert edges.largest == pytest.approx(max(filled, default=0))
    assert edges.symmetric == bool(torch.equal(a.fill_diagonal_(0), a.T))


def test_an_edge_runs_from_the_column_to_the_row() -> None:
    a = torch.zeros(3, 3)
    a[0, 2] = 0.5  # (A x)_0 = .5 x_2
    edges = kept_edges(a, 0.0)
    assert edges.index.tolist() == [[2], [0]]
    assert not edges.symmetric


def test_the_identity_means_no_edges() -> None:
    edges = kept_edges(torch.eye(4), 0.01)
    assert edges.index.shape == (2, 0)
    assert (edges.loops, edges.largest, edges.mass, edges.dropped) == (4, 0.0, 0.0, 0.0)
    assert edges.symmetric


def test_repeated_entries_add_up() -> None:
    index = torch.tensor([[0, 0, 1], [1, 1, 0]])
    a = torch.sparse_coo_tensor(index, torch.tensor([0.25, 0.5, 0.75]), (2, 2))
    edges = kept_edges(a, 0.7)
    assert edges.weight.tolist() == [0.75, 0.75]
    assert edges.symmetric


def test_rounding_leaves_a_matrix_symmetric() -> None:
    a = torch.tensor([[0.0, 0.5], [0.50001, 0.0]])
    assert kept_edges(a, 0.0).symmetric
    a[1, 0] = 0.6
    assert not kept_edges(a, 0.0).symmetric


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.bool]
)
def test_any_type_of_numbers(dtype: torch.dtype) -> None:
    a = torch.tensor([[0, 1], [1, 0]]).to(dtype)
    for adjacency in (a, a.to_sparse_coo()):
        edges = kept_edges(adjacency, 0.5)
        assert edges.weight.dtype == torch.float32
        assert edges.weight.tolist() == [1.0, 1.0]
