"""Z against S itself, which is where its objective is least, and D̃ against all distances."""

from __future__ import annotations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from models.hero.self_expression import distances, self_expressed
from tests.support.dense import assert_near

pytestmark = pytest.mark.usefixtures("double")


def random(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def every_distance(x):
    """D̃ [n, n]: squared distances, each row at unit mean square."""
    d = torch.stack([(x - row).square().sum(dim=1) for row in x])
    return d / d.square().mean(dim=1, keepdim=True).sqrt()


def matrix(h, d, alpha, beta):
    """S = (H Hᵀ − α/2 D)(H Hᵀ + β I)⁻¹, by an inverse, with D of unit rows."""
    n = len(h)
    d = torch.nn.functional.normalize(d)
    inverse = torch.linalg.inv(h @ h.T + beta * n * torch.eye(n))
    return (h @ h.T - alpha * n**0.5 / 2 * d) @ inverse


@pytest.mark.parametrize(("n", "w", "d"), [(9, 4, 3), (5, 11, 8), (30, 3, 6), (2, 2, 2)])
def test_the_view_is_the_matrix_times_embeddings(n, w, d):
    x, h = 3 + 2 * random(n, w), random(n, d, seed=1)
    for alpha, beta in ((3.0, 0.25), (0.0, 1.0), (20.0, 0.01)):
        expected = matrix(h, every_distance(x), alpha, beta) @ h
        assert_near(self_expressed(h, distances(x), alpha, beta), expected, 1e-10)


def test_the_matrix_is_where_the_objective_is_least():
    n, alpha, beta = 7, 3.0, 0.25
    x, h = random(n, 3), random(n, 4, seed=1)
    d = torch.nn.functional.normalize(every_distance(x))

    def objective(s):
        apart = (d * s).sum()
        return (h - s @ h).square().sum() + alpha * n**0.5 * apart + beta * n * s.square().sum()

    s = matrix(h, d, alpha, beta).requires_grad_()
    (slope,) = torch.autograd.grad(objective(s), s)
    assert slope.abs().max().item() < 1e-12
    least = objective(s).item()
    for seed in range(5):  # Strictly convex: no step goes lower.
        assert objective(s.detach() + 0.01 * random(n, n, seed=seed)).item() > least


@pytest.mark.parametrize(("n", "w"), [(12, 5), (4, 40), (3, 1)])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_products_with_distances_and_their_scale(n, w, offset):
    x, c = offset + random(n, w), random(n, 6, seed=1)
    found, dense = distances(x), every_distance(x)
    assert_near(found.mean_with(c), dense @ c / n, 1e-8)
    # Squared distances at the scale that `distances` works in.
    raw = torch.cdist(found.x, found.x, compute_mode="donot_use_mm_for_euclid_dist").square()
    assert_near(found.scale, raw.square().mean(dim=1).rsqrt(), 1e-9)


@pytest.mark.parametrize("size", [(200, 6), (200, 300)])
def test_single_precision_is_enough_for_features_of_very_unlike_size(size):
    x = random(*size)
    x[0] *= 1e4
    x[1:100] *= 1e-3
    expected = distances(x).scale
    found = distances(x.float()).scale.double()
    assert ((found - expected).abs() / expected).max().item() < 1e-5


@pytest.mark.parametrize("size", [(23, 4), (7, 30)])
def test_blocks_of_rows_change_nothing(size, monkeypatch):
    x = random(*size)
    expected = distances(x).scale
    monkeypatch.setattr("models.hero.self_expression.BLOCK", 3 * min(size))
    assert_near(distances(x).scale, expected, 1e-14)


def test_every_node_twice_changes_nothing():
    x, h = random(11, 4), random(11, 5, seed=1)
    once = self_expressed(h, distances(x), 3.0, 0.25)
    twice = self_expressed(torch.cat([h, h]), distances(torch.cat([x, x])), 3.0, 0.25)
    assert_near(twice, torch.cat([once, once]), 1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nodes_that_are_all_alike_or_lack_features_are_at_no_distance(dtype):
    h = random(5, 3).to(dtype)
    for x in (random(1, 4).expand(5, 4) / 3, torch.zeros(5, 4), torch.zeros(5, 0)):
        apart = distances(x.to(dtype))
        assert not apart.scale.any()
        assert not apart.mean_with(h).any()
        found = self_expressed(h, apart, 3.0, 0.25)
        assert torch.equal(found, self_expressed(h, apart, 0.0, 0.25))
    lone = self_expressed(h[:1], distances(random(1, 4).to(dtype)), 3.0, 0.25)
    size = h[:1].square().sum()  # One node: Z = h ‖h‖² / (‖h‖² + β̂).
    assert_near(lone, h[:1] * size / (size + 0.25), 1e-5)
    assert not self_expressed(torch.zeros(3, 2), distances(random(3, 2)), 3.0, 0.25).any()


def test_nodes_that_differ_by_rounding_are_alike():
    x = random(1, 40).float().expand(50, 40) * (1 + torch.finfo(torch.float32).eps * random(50, 1))
    x = x.float()
    assert len(x.unique(dim=0)) > 1
    assert not distances(x).scale.any()


def test_far_less_memory_than_a_matrix_of_pairs():
    n, greatest = 20_000, 0

    class Sizes(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal greatest
            out = func(*args, **(kwargs or {}))
            for x in out if isinstance(out, tuple) else (out,):
                greatest = max(greatest, x.numel() if isinstance(x, torch.Tensor) else 0)
            return out

    x, h = random(n, 8), random(n, 4, seed=1).requires_grad_()
    with Sizes():
        self_expressed(h, distances(x), 3.0, 0.25).sum().backward()
    assert n * 8 <= greatest < n * 16
    assert h.grad is not None
    assert bool(torch.isfinite(h.grad).all())
