"""Decoupling leaves no conflict and changes the gradients as little as possible."""

from __future__ import annotations

import math
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import nnls

from condense.methods.srgm.matching.decoupling import (
    ROTATIONS,
    chance_conflict_rate,
    conflict_rate,
    decouple,
)
from tests.support.dense import assert_near


@st.composite
def gradients(draw, low=2, high=4):
    """Random [M, n, d], or small integers with many duplicates, opposites, right angles and zeros."""
    shape = (draw(st.integers(low, high)), draw(st.integers(1, 6)), draw(st.integers(1, 5)))
    if draw(st.booleans()):
        whole = hnp.arrays(np.int64, shape, elements=st.integers(-2, 2))
        return torch.from_numpy(draw(whole)).double()
    rng = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    size = 10.0 ** draw(st.integers(-8, 4))
    sizes = size * torch.rand(*shape[:2], 1, generator=rng, dtype=torch.float64)
    return sizes * torch.randn(*shape, generator=rng, dtype=torch.float64)


def nearest_in_cone(v, others):
    """argmin ‖x − v‖ with ⟨x, b⟩ ≥ 0 for all b: v + Bμ, where μ ≥ 0 minimises ‖v + Bμ‖ (Moreau)."""
    units = [b / b.norm() for b in others if float(b.norm()) > 0]
    if not units or float(v.norm()) == 0:
        return v
    basis = torch.stack(units, dim=1).numpy()
    mu, _ = nnls(basis, -(v / v.norm()).numpy())
    return v + v.norm() * torch.from_numpy(basis @ mu)


@settings(max_examples=150, deadline=None)
@given(gradients())
def test_no_conflict_with_other_modalities_is_left(g):
    decoupled = decouple(g)
    for a, b in permutations(range(len(g)), 2):
        product = (decoupled[a] * g[b]).sum(dim=1)
        assert bool((product >= -1e-9 * g[a].norm(dim=1) * g[b].norm(dim=1)).all())


@settings(max_examples=150, deadline=None)
@given(gradients())
def test_the_result_is_the_nearest_point_of_the_cone(g):
    decoupled = decouple(g)
    for a in range(len(g)):
        for node in range(g.size(1)):
            others = [g[b, node] for b in range(len(g)) if b != a]
            expected = nearest_in_cone(g[a, node], others)
            assert float((decoupled[a, node] - expected).norm()) <= 1e-7 * float(g[a, node].norm())


@settings(max_examples=60, deadline=None)
@given(gradients())
def test_a_node_without_conflicts_keeps_its_gradients(g):
    pairs = [(g[a] * g[b]).sum(dim=1) for a, b in combinations(range(len(g)), 2)]
    peaceful = torch.stack(pairs).amin(dim=0) >= 0
    assert torch.equal(decouple(g)[:, peaceful], g[:, peaceful])


@settings(max_examples=60, deadline=None)
@given(gradients(), st.randoms(use_true_random=False))
def test_modalities_and_nodes_may_come_in_any_order(g, random):
    modalities, nodes = list(range(g.size(0))), list(range(g.size(1)))
    random.shuffle(modalities)
    random.shuffle(nodes)
    got = decouple(g[modalities][:, nodes])
    expected = decouple(g)[modalities][:, nodes]
    assert torch.allclose(got, expected, rtol=1e-9, atol=1e-9 * float(g.abs().max()))


@settings(max_examples=60, deadline=None)
@given(gradients())
def test_gradients_are_finite_and_stay_so_under_two_derivatives(g):
    g = g.clone().requires_grad_()
    decoupled = decouple(g)
    assert bool(torch.isfinite(decoupled).all())
    (first,) = torch.autograd.grad(decoupled.square().sum(), g, create_graph=True)
    assert bool(torch.isfinite(first).all())
    (second,) = torch.autograd.grad(first.square().sum(), g)
    assert bool(torch.isfinite(second).all())


@pytest.mark.parametrize("size", [1.0, 1e-4, 1e-8])
def test_two_modalities_follow_the_papers_formula(size):
    rng = torch.Generator().manual_seed(0)
    g = size * torch.randn(2, 200, 6, generator=rng, dtype=torch.float64)
    product = (g[0] * g[1]).sum(dim=1, keepdim=True)
    assert 50 < int((product < 0).sum()) < 150
    projected = torch.stack(
        [
            g[0] - product / g[1].square().sum(dim=1, keepdim=True) * g[1],
            g[1] - product / g[0].square().sum(dim=1, keepdim=True) * g[0],
        ]
    )
    assert_near(decouple(g), torch.where(product < 0, projected, g), 1e-12)


def test_the_authors_epsilon_would_leave_a_conflict_where_ours_leaves_none():
    """Gradients here are of size 1e-4, and their squares of the size of ε = 1e-8."""
    g = 1e-4 * torch.tensor([[[1.0, 0.0]], [[-1.0, 1.0]]])
    theirs = g[0] - (g[0] * g[1]).sum() / (g[1].square().sum() + 1e-8) * g[1]
    assert float((theirs * g[1]).sum() / (g[0].norm() * g[1].norm())) < -0.2
    ours = decouple(g)[0]
    assert abs(float((ours * g[1]).sum() / (g[0].norm() * g[1].norm()))) < 1e-6
    assert torch.allclose(ours, torch.tensor([[5e-5, 5e-5]]), rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e-30, 1e-25, 1e-19, 1e-4, 1e15])
def test_sizes_near_the_ends_of_a_float(dtype, size):
    """Squares of such numbers under- or overflow in float32."""
    rng = torch.Generator().manual_seed(0)
    g = size * torch.randn(3, 50, 4, generator=rng).to(dtype)
    g.requires_grad_()
    decoupled = decouple(g)
    assert bool((decoupled.norm(dim=2) <= 1.001 * g.norm(dim=2) + 1e-44).all())
    assert bool(torch.isfinite(torch.autograd.grad((decoupled / size).sum(), g)[0]).all())


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_modality_neither_moves_nor_acts(missing):
    rng = torch.Generator().manual_seed(missing)
    g = torch.randn(3, 40, 4, generator=rng, dtype=torch.float64)
    g[missing] = 0
    g.requires_grad_()
    decoupled = decouple(g)
    kept = [m for m in range(3) if m != missing]
    assert torch.equal(decoupled[missing], torch.zeros(40, 4, dtype=torch.float64))
    assert_near(decoupled[kept], decouple(g[kept]), 1e-12)
    # Zero rows get the identity's gradient; there is no 0/0.
    (gradient,) = torch.autograd.grad(decoupled.sum(), g)
    assert bool(torch.isfinite(gradient).all())


def test_all_missing():
    g = torch.zeros(3, 2, 4, dtype=torch.float64, requires_grad=True)
    decoupled = decouple(g)
    assert not decoupled.any()
    assert bool(torch.isfinite(torch.autograd.grad(decoupled.sum(), g)[0]).all())


def test_one_modality_is_left_alone():
    g = torch.randn(1, 3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(decouple(g), g)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_derivative_by_finite_differences(count):
    rng = torch.Generator().manual_seed(count)
    g = torch.randn(count, 3, 4, generator=rng, dtype=torch.float64, requires_grad=True)
    assert not torch.equal(decouple(g), g)
    assert torch.autograd.gradcheck(decouple, g)


def test_pairwise_projection_would_not_do_for_three():
    """Projecting against one modality after another leaves conflicts; hence the active set."""
    rng = torch.Generator().manual_seed(0)
    g = torch.randn(3, 500, 4, generator=rng, dtype=torch.float64)
    v = g[0]
    for b in (1, 2):
        product = (v * g[b]).sum(dim=1, keepdim=True)
        v = torch.where(product < 0, v - product / g[b].square().sum(1, keepdim=True) * g[b], v)
    assert int(((v * g[1]).sum(dim=1) < -1e-9).sum()) > 20
    assert int(((decouple(g)[0] * g[1]).sum(dim=1) < -1e-9).sum()) == 0


def test_conflict_rate_by_hand():
    east, north, west, zero = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.1], [0.0, 0.0]
    assert conflict_rate(torch.tensor([[east, north], [west, east]])) == 0.5  # A right angle: none.
    assert conflict_rate(torch.tensor([[east, east], [west, zero]])) == 1.0  # Missing: no pair.
    assert conflict_rate(torch.tensor([[east], [west], [north]])) == pytest.approx(1 / 3)
    assert math.isnan(conflict_rate(torch.tensor([[east], [zero]])))
    assert math.isnan(conflict_rate(torch.tensor([[east, north]])))


def test_chance_is_one_half():
    rng = torch.Generator().manual_seed(0)
    many = torch.randn(3, 4000, 8, generator=rng)
    assert abs(chance_conflict_rate(many, rng) - 0.5) < 0.02
    # One direction a modality: each rotation conflicts everywhere or nowhere.
    aligned = torch.ones(2, 5, 8)
    draws = [chance_conflict_rate(aligned, rng) for _ in range(100)]
    assert all((ROTATIONS * d).is_integer() for d in draws)
    assert abs(sum(draws) / 100 - 0.5) < 0.07  # 4.4 standard deviations


def test_chance_keeps_missing_modalities_missing():
    g = torch.zeros(2, 3, 4)
    g[0] = 1.0
    assert math.isnan(chance_conflict_rate(g, torch.Generator().manual_seed(0)))
