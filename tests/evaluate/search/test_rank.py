"""Rank statistics against their definitions and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluate.search.rank import Spread, bootstrap, kendall, regret, shortlist_regret, spearman


def signs(values: np.ndarray) -> np.ndarray:
    return np.sign(values[:, None] - values[None, :])


def ranks(values: np.ndarray) -> np.ndarray:
    """1 … n: those below, half of the others that are equal, and itself."""
    return (signs(values) > 0).sum(axis=1) + ((signs(values) == 0).sum(axis=1) + 1) / 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("levels", [3, 10, 1000])
def test_tau_and_rho_follow_their_definitions(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(levels, size=30)
    y = x + rng.integers(levels, size=30)
    s, t = signs(x), signs(y)
    tau = (s * t).sum() / math.sqrt((s * s).sum() * (t * t).sum())
    assert kendall(x, y) == pytest.approx(tau, abs=1e-12)
    rho = np.corrcoef(ranks(x), ranks(y))[0, 1]
    assert spearman(x, y) == pytest.approx(rho, abs=1e-12)


def test_tau_by_hand() -> None:
    # Pairs of (1, 1), (2, 3), (3, 2): two agree, one is reversed.
    assert kendall([1, 2, 3], [1, 3, 2]) == pytest.approx(1 / 3)
    # One pair tied in x, in y strictly ordered: (2 − 0) / √(2 · 3).
    assert kendall([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / math.sqrt(6))
    assert kendall([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert spearman([10, 20, 30], [1, 2, 300]) == pytest.approx(1)
    assert (kendall([1, 2], [1, 2]), spearman([1, 2], [1, 2])) == pytest.approx((1, 1))
    assert math.isnan(kendall([1, 1, 1], [1, 2, 3]))
    assert math.isnan(spearman([1, 2, 3], [5, 5, 5]))


def test_the_bootstrap_agrees_with_the_normal_theory_of_many_architectures() -> None:
    """Pearson's r on ranks has a standard error near (1 − ρ²) / √n for normal scores."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = x + rng.normal(size=400)
    found = bootstrap(spearman, x, y, draws=500)
    assert found.value == spearman(x, y)
    half = 1.96 * (1 - found.value**2) / math.sqrt(400)
    assert found.low == pytest.approx(found.value - half, abs=0.4 * half)
    assert found.high == pytest.approx(found.value + half, abs=0.4 * half)


def test_the_bootstrap_is_seeded_and_of_equal_rankings_certain() -> None:
    x = [float(i) for i in range(25)]
    y = [i + 10 * (i * 7 % 5) for i in range(25)]
    assert bootstrap(kendall, x, y, seed=1) == bootstrap(kendall, x, y, seed=1)
    assert bootstrap(kendall, x, y, seed=1) != bootstrap(kendall, x, y, seed=2)
    same = bootstrap(kendall, x, x)
    assert (same.value, same.low, same.high) == pytest.approx((1, 1, 1))
    nothing = bootstrap(kendall, [1.0, 1], [1.0, 2])
    assert all(map(math.isnan, (nothing.value, nothing.low, nothing.high)))


def test_regret_by_hand() -> None:
    val, test = [0.6, 0.7, 0.65], [0.61, 0.66, 0.68]
    assert regret([0.5, 0.4, 0.3], val, test) == pytest.approx(100 * (0.66 - 0.61))
    assert regret([0.1, 0.4, 0.3], val, test) == 0
    # The condensed graph happens on one that tests better than the whole graph's choice.
    assert regret([0.1, 0.2, 0.3], val, test) == pytest.approx(-2)
    # Two are best by the condensed graph: as if one of them were drawn.
    assert regret([0.5, 0.5, 0.3], val, test) == pytest.approx(100 * (0.66 - 0.635))


def test_regret_of_a_shortlist_by_hand() -> None:
    proxy, val, test = [0.5, 0.4, 0.3, 0.4], [0.6, 0.7, 0.65, 0.68], [0.61, 0.66, 0.68, 0.6]
    assert shortlist_regret(proxy, val, test, 1) == pytest.approx(100 * (0.66 - 0.61))
    assert shortlist_regret(proxy, val, test, 2) == 0
    # The second and the fourth are equal by the proxy; the first of them is listed.
    assert shortlist_regret(proxy, [0.6, 0.65, 0.7, 0.68], test, 2) == pytest.approx(2)
    assert shortlist_regret(proxy, val, test, 4) == 0


def test_spread_is_in_points() -> None:
    found = Spread.of([0.5, 0.6, 0.7])
    assert (found.low, found.high, found.sd) == pytest.approx((50, 70, 10))
    assert Spread.of([0.5]).sd == 0
