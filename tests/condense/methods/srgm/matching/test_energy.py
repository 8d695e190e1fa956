"""The Dirichlet energy against its sum over edges and against tr(GᵀLG)."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condense.edges.pair_matrix import PairMatrix
from condense.methods.srgm.matching.energy import dirichlet_energy
from tests.support.dense import assert_near

SEEDS = st.integers(0, 2**31)


def sparse_weights(rng, rows, columns):
    """Non-negative weights, about half of them 0, so that some nodes may be isolated."""
    weight = torch.rand(rows, columns, generator=rng, dtype=torch.float64)
    return weight * (torch.rand(rows, columns, generator=rng) < 0.5)


def energy_of(weight, left, right, self_loops=False):
    """Energy of one modality that all nodes have; within one type if both ends are the same field."""
    ends = (left[None], right[None], *(torch.ones(1, len(g)).bool() for g in (left, right)))
    return dirichlet_energy(
        PairMatrix.of(weight), *ends, within=left is right, self_loops=self_loops
    )[0]


def by_edges(weight, left, right):
    """½ Σ over the ordered pairs of the joint graph, which has each edge in both directions."""
    rows, columns = weight.sum(dim=1), weight.sum(dim=0)
    total = torch.zeros((), dtype=torch.float64)
    for i in range(weight.size(0)):
        for j in range(weight.size(1)):
            if weight[i, j] > 0:
                gap = left[i] / rows[i].sqrt() - right[j] / columns[j].sqrt()
                total = total + weight[i, j] * gap.square().sum()
    return total


def laplacian(weight, loops=False):
    """I − D^{-1/2}(A [+ I])D^{-1/2}, with zero rows for isolated nodes."""
    a = weight + torch.eye(len(weight), dtype=torch.float64) * loops
    root = torch.diag(
        torch.tensor([float(d) ** -0.5 if d > 0 else 0.0 for d in a.sum(dim=1)], dtype=a.dtype)
    )
    connected = torch.diag((a.sum(dim=1) > 0).double())
    return connected - root @ a @ root


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 7), st.integers(1, 3))
def test_within_one_type(seed, n, d):
    rng = torch.Generator().manual_seed(seed)
    weight = sparse_weights(rng, n, n)
    g = torch.randn(n, d, generator=rng, dtype=torch.float64)
    undirected = ((weight + weight.T) / 2).fill_diagonal_(0.0)
    got = energy_of(weight, g, g)
    assert torch.allclose(got, by_edges(undirected, g, g) / 2, rtol=1e-9, atol=1e-12)
    assert torch.allclose(got, torch.trace(g.T @ laplacian(undirected) @ g), rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
def test_between_two_types(seed, n, k, d):
    """The relation counts as the graph [[0, W], [Wᵀ, 0]] on the nodes of both types."""
    rng = torch.Generator().manual_seed(seed)
    weight = sparse_weights(rng, n, k)
    left = torch.randn(n, d, generator=rng, dtype=torch.float64)
    right = torch.randn(k, d, generator=rng, dtype=torch.float64)
    got = energy_of(weight, left, right)
    assert torch.allclose(got, by_edges(weight, left, right), rtol=1e-9, atol=1e-12)
    joint = torch.zeros(n + k, n + k, dtype=torch.float64)
    joint[:n, n:], joint[n:, :n] = weight, weight.T
    both = torch.cat([left, right])
    assert torch.allclose(got, energy_of(joint, both, both), rtol=1e-9, atol=1e-12)
    assert torch.allclose(got, torch.trace(both.T @ laplacian(joint) @ both), rtol=1e-9, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(1e-8, 1e8))
def test_scaling_all_weights_changes_nothing(seed, factor):
    rng = torch.Generator().manual_seed(seed)
    g = torch.randn(5, 2, generator=rng, dtype=torch.float64)
    other = torch.randn(4, 2, generator=rng, dtype=torch.float64)
    square, oblong = sparse_weights(rng, 5, 5), sparse_weights(rng, 5, 4)
    for weight, ends in ((square, (g, g)), (oblong, (g, other))):
        a, b = energy_of(weight, *ends), energy_of(factor * weight, *ends)
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


def test_isolated_nodes_contribute_nothing():
    rng = torch.Generator().manual_seed(0)
    weight = torch.rand(4, 3, generator=rng, dtype=torch.float64)
    left = torch.randn(6, 2, generator=rng, dtype=torch.float64)
    right = torch.randn(4, 2, generator=rng, dtype=torch.float64)
    wider = torch.zeros(6, 4, dtype=torch.float64)
    wider[:4, :3] = weight
    assert_near(energy_of(wider, left, right), energy_of(weight, left[:4], right[:3]))
    empty = torch.zeros(6, 4, dtype=torch.float64, requires_grad=True)
    energy = energy_of(empty, left, right)
    assert energy.item() == 0.0
    assert torch.equal(torch.autograd.grad(energy, empty)[0], torch.zeros_like(empty))


def test_self_loops_are_the_authors_laplacian_whose_energy_fades_with_the_edges():
    rng = torch.Generator().manual_seed(0)
    weight = torch.rand(5, 5, generator=rng, dtype=torch.float64)
    weight = (weight + weight.T).fill_diagonal_(0.0)
    g = torch.randn(5, 3, generator=rng, dtype=torch.float64)
    expected = torch.trace(g.T @ laplacian(weight, loops=True) @ g)
    assert_near(energy_of(weight, g, g, self_loops=True), expected)
    plain = energy_of(weight, g, g)
    for factor in (1e-2, 1e-4, 1e-6):
        faded = energy_of(factor * weight, g, g, self_loops=True)
        assert float(faded) < 10 * factor * float(plain)
        assert_near(energy_of(factor * weight, g, g), plain)


def test_self_loops_between_types_are_those_of_the_block_matrix():
    rng = torch.Generator().manual_seed(0)
    weight = torch.rand(3, 4, generator=rng, dtype=torch.float64)
    left, right = (torch.randn(n, 2, generator=rng, dtype=torch.float64) for n in (3, 4))
    block = torch.zeros(7, 7, dtype=torch.float64)
    block[:3, 3:], block[3:, :3] = weight, weight.T
    both = torch.cat([left, right])
    expected = energy_of(block, both, both, self_loops=True)
    assert_near(energy_of(weight, left, right, self_loops=True), expected)


def test_gradients_by_finite_differences():
    rng = torch.Generator().manual_seed(1)
    weight = (torch.rand(4, 4, generator=rng, dtype=torch.float64) + 0.1).requires_grad_()
    g = torch.randn(4, 2, generator=rng, dtype=torch.float64, requires_grad=True)
    other = torch.randn(4, 2, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w, x: energy_of(w, x, x), (weight, g))
    assert torch.autograd.gradcheck(energy_of, (weight, g, other))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.booleans())
def test_edges_count_for_modalities_that_both_ends_have(seed, within):
    rng = torch.Generator().manual_seed(seed)
    weight = sparse_weights(rng, 5, 5 if within else 4)
    left, here = torch.randn(3, 5, 2, generator=rng).double(), torch.rand(3, 5, generator=rng) < 0.7
    right, there = left, here
    if not within:
        right, there = (
            torch.randn(3, 4, 2, generator=rng).double(),
            torch.rand(3, 4, generator=rng) < 0.7,
        )
    got = dirichlet_energy(PairMatrix.of(weight), left, right, here, there, within=within)
    for m in range(3):
        among = weight * torch.outer(here[m].double(), there[m].double())
        mine = left[m]
        expected = energy_of(among, mine, mine if within else right[m])
        assert torch.allclose(got[m], expected, rtol=1e-9, atol=1e-12)
